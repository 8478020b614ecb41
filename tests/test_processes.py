"""Sockets that are handed down, and children that end with their parent."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nightshift.errors import UserError
from nightshift.processes import address_of, bind, listening_socket, parent_in, reserve


def test_bound_socket_is_inherited_and_serves() -> None:
    code = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).accept()[0].sendall(b'hello')"
    with bind("127.0.0.1", 0) as sock:
        fd = sock.fileno()
        with (
            subprocess.Popen([sys.executable, "-c", code, str(fd)], pass_fds=[fd]),
            socket.create_connection(sock.getsockname()) as client,
        ):
            assert client.recv(5) == b"hello"


@pytest.mark.parametrize("take", [bind, reserve])
def test_port_in_use_is_a_user_error(take: Callable[[str, int], socket.socket]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            UserError, match=rf"^cannot listen on 127\.0\.0\.1:{port}: Address already in use; "
        ):
            take("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70000), ("no.such.host.invalid", 0), ("192.0.2.1", 0)]
)
def test_impossible_addresses_are_user_errors(host: str, port: int) -> None:
    with pytest.raises(UserError, match="cannot listen on"):
        bind(host, port)


@pytest.mark.parametrize("fd", [-1, 99_999, 2**40])
def test_a_number_that_is_no_socket_is_a_user_error(fd: int) -> None:
    with pytest.raises(UserError, match=f"^--fd {fd} is not the number of an inherited socket"):
        listening_socket("127.0.0.1", 0, fd)


def test_a_file_that_is_no_socket_is_a_user_error(tmp_path: Path) -> None:
    with (tmp_path / "f").open("w") as file, pytest.raises(UserError, match="--fd"):
        listening_socket("127.0.0.1", 0, file.fileno())


def test_reserved_port_is_nobody_elses_until_its_owner_listens() -> None:
    with reserve("127.0.0.1", 0) as held:
        address = held.getsockname()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        others = [reserve("127.0.0.1", 0) for _ in range(200)]
        assert address not in [other.getsockname() for other in others]
        for other in others:
            other.close()
        with socket.create_server(address) as owner, socket.create_connection(address) as client:
            accepted, _ = owner.accept()
            assert accepted.getpeername() == client.getsockname()
            accepted.close()
        assert address_of(held) == f"127.0.0.1:{address[1]}"


_CHILD = (
    "from nightshift.processes import die_with_parent; die_with_parent({sig}); print('up', flush=True); "
    + ("import signal; signal.pause()")
)
_PARENT = """
import os, subprocess, sys
from nightshift.processes import parent_in
command = [sys.executable, "-c", sys.argv[1]]
child = subprocess.Popen(command, env=parent_in(os.environ), pass_fds=[int(sys.argv[2])])
print(child.pid, flush=True)
os.read(0, 1)
"""


@pytest.mark.parametrize("sig", ["", "9"])
def test_child_ends_with_its_killed_parent(sig: str) -> None:
    reader, writer = os.pipe()
    child = _CHILD.format(sig=sig)
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, child, str(writer)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[writer],
    ) as parent:
        os.close(writer)
        assert parent.stdout is not None
        assert {parent.stdout.readline(), parent.stdout.readline()} >= {b"up\n"}
        parent.send_signal(signal.SIGKILL)
    # The child holds the only writing end that is left; it closes when the child is gone.
    assert select.select([reader], [], [], 20)[0]
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_child_whose_parent_has_already_gone_ends_at_once() -> None:
    environment = {**parent_in(os.environ), "NIGHTSHIFT_PARENT_PID": "1"}
    child = _CHILD.format(sig="")
    ended = subprocess.run(
        [sys.executable, "-c", child], env=environment, capture_output=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (0, b"")


def test_child_of_its_named_parent_runs_on() -> None:
    code = "from nightshift.processes import die_with_parent; die_with_parent(); import os; "
    code += "print('NIGHTSHIFT_PARENT_PID' in os.environ)"
    ran = subprocess.run(
        [sys.executable, "-c", code], env=parent_in(os.environ), capture_output=True, check=True, timeout=60
    )
    assert ran.stdout == b"False\n", "a grandchild must not take its grandparent for its parent"
