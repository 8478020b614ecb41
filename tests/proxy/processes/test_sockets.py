"""Processes share the public port; a port that someone else has is noticed; a closed one comes back."""

import socket

import pytest

from nightshift.errors import UserError
from nightshift.processes import bind
from nightshift.proxy.processes.sockets import Sockets, claim, shared_port

HOST = "127.0.0.1"


def test_all_listen_on_one_port_and_each_on_one_of_its_own() -> None:
    port = claim(HOST, 0)
    several = [Sockets((HOST, port), (HOST, 0)) for _ in range(3)]
    fds = [fd for sockets in several for fd in sockets.open()]
    assert len(set(fds)) == 6
    assert len({sockets.internal_address for sockets in several}) == 3
    with socket.create_connection((HOST, port)):
        pass
    for sockets in several:
        sockets.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))


def test_a_port_of_others_is_refused_even_if_they_would_share_it() -> None:
    port = claim(HOST, 0)
    with shared_port(HOST, port), pytest.raises(UserError, match=f"cannot listen on {HOST}:{port}"):
        claim(HOST, port)
    with bind(HOST, 0) as taken, pytest.raises(UserError, match="cannot listen"):
        shared_port(*taken.getsockname())


def test_opened_again_they_are_where_they_were() -> None:
    sockets = Sockets((HOST, claim(HOST, 0)), (HOST, 0))
    sockets.open()
    address = sockets.internal_address
    sockets.close()
    sockets.open()
    assert sockets.internal_address == address
    sockets.close()


def test_nothing_stays_open_when_the_second_cannot_be_bound() -> None:
    port = claim(HOST, 0)
    with bind(HOST, 0) as taken:
        sockets = Sockets((HOST, port), taken.getsockname())
        with pytest.raises(UserError):
            sockets.open()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))
