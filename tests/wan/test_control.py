import asyncio
import http.client
from collections.abc import Callable

import orjson
import pytest
import uvloop

from nightshift.errors import UserError
from nightshift.processes import bind
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
