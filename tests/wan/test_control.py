import asyncio
import contextlib
import http.client
import socket
from collections.abc import Callable, Iterator

import orjson
import pytest
import uvloop

from nightshift.errors import UserError
from nightshift.processes import address_of, bind
from nightshift.wan.client import ControlClient
from nightshift.wan.control import Control
from nightshift.wan.relay import Relay
from nightshift.wan.spec import WanSpec

LINK = {"name": "x", "from": "a", "to": "b", "listen": "127.0.0.1:0", "target": "127.0.0.1:9"}


def _with_control(ask: Callable[[ControlClient, str], None]) -> None:
    """Run `ask(client, address)` in a thread beside a relay with one link, a to b."""

    async def main() -> None:
        relay = Relay(WanSpec.model_validate({"matrix": {"a": {"b": 10}}, "links": [LINK]}))
        control = Control(relay, bind("127.0.0.1", 0))
        await relay.serve()
        await control.serve()
        await asyncio.to_thread(ask, ControlClient(f"http://{control.address}/"), control.address)
        await control.close()
        await relay.close()

    uvloop.run(main())


def test_links_are_cut_and_healed_and_described() -> None:
    def ask(client: ControlClient, address: str) -> None:
        state = client.links()
        assert state["chunks"] == 0
        assert state["cpu_us_per_chunk"] is None
        assert state["links"][0]["forward"]["one_way_ms"] == 5
        assert client.cut("b", "a") == ["x"]
        assert client.links()["links"][0]["back"]["state"] == "cut"
        assert client.cut("a", "b", "reset") == ["x"]
        assert client.links()["links"][0]["refusing"]
        assert client.heal("a", "b") == client.heal_all() == ["x"]
        healed = client.links()["links"][0]
        assert (healed["refusing"], healed["back"]["state"]) == (False, "up")

    _with_control(ask)


def test_a_wrong_request_says_what_is_wrong() -> None:
    def ask(client: ControlClient, address: str) -> None:
        with pytest.raises(UserError, match="no link between a and z"):
            client.cut("a", "z")
        with pytest.raises(UserError, match=r"kind: .*'hold' or 'reset'"):
            client.cut("a", "b", "saw")
        for body, kind in ((b"{}", "text/plain"), (b"{", "application/json")):
            connection = http.client.HTTPConnection(address)
            connection.request("POST", "/heal", body, {"content-type": kind})
            response = connection.getresponse()
            assert response.status == 400
            assert "the body " in orjson.loads(response.read())["error"]["message"]
            connection.close()

    _with_control(ask)


def test_links_come_and_go_while_it_serves() -> None:
    with socket.create_server(("127.0.0.1", 0)) as near, socket.create_server(("127.0.0.1", 0)) as far:
        targets = [address_of(server) for server in (near, far)]

        def ask(client: ControlClient, address: str) -> None:
            link = client.add_link("b:r/1", "b", "a", targets[0])
            assert client.add_link("b:r/1", "b", "a", targets[0]) == link
            with _connected(link, near):
                assert client.add_link("b:r/1", "b", "a", targets[1]) == link
                described = client.links()["links"][1]
                assert (described["name"], described["target"]) == ("b:r/1", targets[1])
                assert (described["from"], described["to"]) == ("b", "a")
                assert described["connections"]["open"] == 1
                with _connected(link, far):
                    assert client.remove_link("b:r/1")
            assert not client.remove_link("b:r/1")
            assert [link["name"] for link in client.links()["links"]] == ["x"]
            assert client.links()["chunks"] == 2  # those of the removed link count on
            assert client.add_link("b:r/1", "b", "a", targets[0], listen=link) == link

        _with_control(ask)


@contextlib.contextmanager
def _connected(address: str, target: socket.socket) -> Iterator[None]:
    """Be connected through a link at `address`, and see that it leads to `target`."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(b"hi")
        target.settimeout(5)
        with target.accept()[0] as server:
            server.settimeout(5)
            assert server.recv(2) == b"hi"
            yield


def test_a_link_between_regions_that_are_cut_is_born_cut() -> None:
    def ask(client: ControlClient, address: str) -> None:
        client.cut("b", "a", one_way=True)
        client.cut("a", "b", "reset", one_way=True)
        client.remove_link("x")
        client.add_link("there", "a", "b", "127.0.0.1:9")
        client.add_link("back", "b", "a", "127.0.0.1:9")
        there, back = client.links()["links"]
        assert (there["refusing"], back["refusing"]) == (True, False)
        assert [there[way]["state"] for way in ("forward", "back")] == ["up", "cut"]
        assert [back[way]["state"] for way in ("forward", "back")] == ["cut", "up"]
        client.remove_link("there")
        client.remove_link("back")
        with pytest.raises(UserError, match="no link between a and b: there are none at all"):
            client.heal("a", "b")
        assert client.heal_all() == []
        client.add_link("x", "a", "b", "127.0.0.1:9")
        healed = client.links()["links"][0]
        assert (healed["refusing"], healed["back"]["state"]) == (False, "up")

    _with_control(ask)


def test_a_wrong_link_is_refused_and_changes_nothing() -> None:
    def ask(client: ControlClient, address: str) -> None:
        wrong = [
            (("y", "a", "nowhere", "127.0.0.1:9"), "unknown region 'nowhere'"),
            (("y", "a", "b", "port-9"), "target: 'port-9' is not host:port"),
            (("y", "a", "b", "127.0.0.1:9", "0.0.0.0:0"), "listen: 0.0.0.0 is not a loopback"),
            (("y", "a", "b", "127.0.0.1:9", "localhost:0"), "listen: localhost is not a loopback"),
            (("y", "a", "b", "127.0.0.1:9", address), "cannot listen on"),
            (("x", "b", "a", "127.0.0.1:9"), "'x' is there already, from a to b"),
            (("", "b", "a", "127.0.0.1:9"), "name: "),
        ]
        for arguments, message in wrong:
            with pytest.raises(UserError, match=message):
                client.add_link(*arguments)
        assert [link["name"] for link in client.links()["links"]] == ["x"]

    _with_control(ask)


def test_only_loopback_may_control() -> None:
    relay = Relay(WanSpec.model_validate({"matrix": {"a": {"b": 10}}, "links": [LINK]}))
    sock = bind("0.0.0.0", 0)
    with pytest.raises(UserError, match="not a loopback address"):
        Control(relay, sock)
    sock.close()
    for link in relay.links:
        link.close()


def test_a_relay_that_is_not_there_is_the_users_error() -> None:
    sock = bind("127.0.0.1", 0)
    port = sock.getsockname()[1]
    sock.close()
    with pytest.raises(UserError, match="is `nightshift wan run` up"):
        ControlClient(f"127.0.0.1:{port}").links()
