"""What every process that Nightshift starts has in common with its parent.

A parent binds the listening socket and hands it down, so that addresses are known before anything
starts and a port in use is noticed by the one who can say so. A child writes one line when it serves,
and ends when its parent does, however that ended.
"""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Mapping

import orjson

from nightshift.errors import UserError

TOKEN_HEADER = "x-nightshift-peer-token"  # noqa: S105 - the name of a header
"""Carries a service's secret, between its balancers and from who controls them."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PARENT_PID = "NIGHTSHIFT_PARENT_PID"


def die_with_parent(sig: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send `sig` to this process when its parent ends, even by kill -9 (Linux).

    The setting survives exec, so that it also covers a program that we did not write. Call it before
    exec, or first thing in a child. A parent that names itself in the environment (`parent_in`) and has
    ended before the call is noticed too: then this process ends here. The kernel watches the thread that
    started the child, thus a parent starts children from a thread that lives as long as they shall.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, sig, 0, 0, 0)
    parent = os.environ.pop(_PARENT_PID, None)
    if parent is not None and parent != str(os.getppid()):
        sys.exit(0)


def parent_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` with the calling process named as the parent, for `die_with_parent`."""
    return {**environment, _PARENT_PID: str(os.getpid())}


def bind(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket on `host`:`port` (0: any free port); inheritable by children."""
    sock = _bound(host, port, reuse=True)
    sock.listen(1024)
    sock.set_inheritable(True)
    return sock


def reserve(host: str, port: int) -> socket.socket:
    """Hold `host`:`port` (0: any free port) for a child that cannot inherit a socket; do not listen.

    While the returned socket is open, the kernel gives its port to nobody who asks for any port, and
    whoever sets SO_REUSEADDR (most servers) may still listen on it. Connections reach that one only.
    """
    sock = _bound(host, port, reuse=port != 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _bound(host: str, port: int, *, reuse: bool) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    if reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        reason = error.strerror if isinstance(error, OSError) else "a port is a number from 0 to 65535"
        raise UserError(
            f"cannot listen on {host}:{port}: {reason}; choose another port, or stop what uses it"
        ) from error
    return sock


def listening_socket(host: str, port: int, fd: int | None) -> socket.socket:
    """Return the socket to serve on: the one inherited as `fd`, else a new one on `host`:`port`."""
    if fd is None:
        return bind(host, port)
    try:
        return socket.socket(fileno=fd)
    except (OSError, OverflowError, ValueError) as error:
        raise UserError(f"--fd {fd} is not the number of an inherited socket; give --port instead") from error


def address_of(sock: socket.socket) -> str:
    """Return `host:port` of a bound socket."""
    host, port = sock.getsockname()[:2]
    return f"{host}:{port}"


def announce_ready(**facts: object) -> None:
    """Write the line `{"event": "ready", ...}` to standard output: this process serves now."""
    sys.stdout.write(orjson.dumps({"event": "ready", **facts}).decode() + "\n")
    sys.stdout.flush()
