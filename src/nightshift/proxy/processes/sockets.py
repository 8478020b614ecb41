"""One public port for several processes, and one port for the peers of each.

Each process has a listening socket of its own on the public port (SO_REUSEPORT, socket(7)): the kernel
gives a new connection to one of them by a hash of both ends' addresses and ports, whatever the processes are
doing. The other way is one socket that all accept from. A process that has just died then gets nothing, but
whoever wakes first takes all that waits. Of a burst of 200 connections to two processes, the one with more
got 105 to 117 by hashing, and 117 to 178 from one queue (five bursts each, 2 cores); of 200 that came one by
one, 100 to 115 and 101 to 113. Connections to an inference service live long, so what a burst did stays:
hence hashing.

What a hash cannot know is that a process is dead: its socket takes connections as long as anyone holds it.
So the parent holds it only for the moment of a restart, and closes it when it will take longer; the kernel
then hashes over the rest.
"""

import socket

from nightshift.errors import UserError
from nightshift.processes import address_of, bind

_BACKLOG = 4096


class Sockets:
    """The two listening sockets of one process. Closed sockets can be opened again, on the same ports."""

    def __init__(self, public: tuple[str, int], internal: tuple[str, int]) -> None:
        """Addresses are pairs of host and port; an internal port 0 takes any free one, and keeps it."""
        self._public_at = public
        self._internal_at = internal
        self._sockets: tuple[socket.socket, socket.socket] | None = None
        self.internal_address = ""
        """`host:port`, from the first opening on."""

    def open(self) -> tuple[int, int]:
        """Return the descriptors of both, public and internal. Raises `UserError` if a port is in use."""
        if self._sockets is None:
            public = shared_port(*self._public_at)
            try:
                internal = bind(*self._internal_at)
            except UserError:
                public.close()
                raise
            self._sockets = public, internal
            self.internal_address = address_of(internal)
            self._internal_at = (self._internal_at[0], internal.getsockname()[1])
        return self._sockets[0].fileno(), self._sockets[1].fileno()

    def close(self) -> None:
        """Take no more connections, unless a process holds these sockets too."""
        if self._sockets is not None:
            for sock in self._sockets:
                sock.close()
            self._sockets = None


def claim(host: str, port: int) -> int:
    """Return a port that nobody else listens on: this one, or for 0 any free one. Raises `UserError`.

    With SO_REUSEPORT a second service on the same port would not be noticed: it would get half of the
    connections. A socket without it cannot be bound where anyone listens.
    """
    with bind(host, port) as sock:
        number: int = sock.getsockname()[1]
        return number


def shared_port(host: str, port: int) -> socket.socket:
    """Return a listening socket on a port that others of ours listen on too; inheritable."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise UserError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    sock.set_inheritable(True)
    return sock
