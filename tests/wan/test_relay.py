import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from nightshift.errors import UserError
from nightshift.wan.delay import Path
from nightshift.wan.relay import Relay, paths_of
from nightshift.wan.spec import WanSpec

WanFactory = Callable[..., Any]
LINK = {"name": "x", "from": "a", "to": "b", "listen": "127.0.0.1:0", "target": "127.0.0.1:9"}


def _spec(**settings: Any) -> WanSpec:
    return WanSpec.model_validate({"matrix": {"a": {"b": 80, "c": 20}}, "links": [LINK], **settings})


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)


def test_paths_come_from_the_tables_and_the_speed() -> None:
    path = paths_of(_spec(jitter_ms={"a": {"b": 4}}, bandwidth_mbit_s=8, speed=2))
    assert path("a", "b") == path("b", "a") == Path(0.02, 0.002, 2e6)
    assert path("a", "c") == Path(0.005, 0.0, 2e6)
    assert path("a", "a") == Path()


def test_a_loss_costs_a_round_trip_and_the_least_time_before_a_retransmission() -> None:
    path = paths_of(_spec(loss={"a": {"b": 0.01}}, speed=2))
    assert path("b", "a") == Path(0.02, loss=0.01, stall_s=(0.2 + 0.08) / 2)
    assert path("a", "c") == Path(0.005)


def test_time_divided_by_speed_is_a_lower_bound_still(wan: WanFactory) -> None:
    async def main() -> None:
        async with wan(_echo, 4000, speed=100) as world:
            start = time.monotonic()
            reader, writer = await world.connect()
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            assert time.monotonic() - start >= 2 * 0.04
            assert world.link["forward"]["one_way_ms"] == 20
            writer.close()

    uvloop.run(main())


@pytest.mark.parametrize(
    ("a", "b", "one_way"), [("a", "b", False), ("b", "a", False), ("a", "b", True), ("b", "a", True)]
)
def test_what_is_cut_is_held_and_arrives_in_order_when_healed(
    wan: WanFactory, a: str, b: str, one_way: bool
) -> None:
    async def main() -> None:
        async with wan(_echo, 20) as world:
            reader, writer = await world.connect()
            writer.write(b"0")
            assert await reader.readexactly(1) == b"0"
            assert world.relay.cut(a, b, one_way=one_way) == ["x"]
            states = {way: world.link[way]["state"] for way in ("forward", "back")}
            assert states["forward"] == ("up" if one_way and a == "b" else "cut")
            assert states["back"] == ("up" if one_way and a == "a" else "cut")
            held = "forward" if states["forward"] == "cut" else "back"
            for digit in b"123":
                writer.write(bytes([digit]))
                await asyncio.sleep(0.01)
            await world.until(lambda link: link[held]["in_flight_bytes"] == 3)
            healed_s = time.monotonic()
            assert world.relay.heal(a, b, one_way=one_way) == ["x"]
            assert await reader.readexactly(3) == b"123"
            assert time.monotonic() - healed_s >= (0.01 if held == "back" else 0.02)
            assert world.link["forward"]["state"] == world.link["back"]["state"] == "up"
            writer.close()

    uvloop.run(main())


def test_a_new_connection_hangs_in_a_cut(wan: WanFactory) -> None:
    async def main() -> None:
        async with wan(_echo, 4) as world:
            world.relay.cut("a", "b")
            reader, writer = await world.connect()
            writer.write(b"x")
            await world.until(lambda link: link["connections"]["open"] == 1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.05)
            world.relay.heal_all()
            assert await reader.readexactly(1) == b"x"
            writer.close()

    uvloop.run(main())


def test_a_reset_link_resets_and_refuses_until_healed(wan: WanFactory) -> None:
    async def main() -> None:
        async with wan(_echo, 20) as world:
            reader, writer = await world.connect()
            writer.write(b"x")
            await reader.readexactly(1)
            world.relay.cut("b", "a", "reset")
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
            writer.close()
            start = time.monotonic()
            reader, writer = await world.connect()
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
            assert time.monotonic() - start >= 0.02
            writer.close()
            world.relay.heal("a", "b")
            reader, writer = await world.connect()
            writer.write(b"y")
            assert await reader.readexactly(1) == b"y"
            writer.close()

    uvloop.run(main())


def test_resetting_one_way_spares_links_of_the_other_way() -> None:
    async def main() -> None:
        back = {**LINK, "name": "y", "from": "b", "to": "a"}
        relay = Relay(_spec(links=[LINK, back]))
        await relay.serve()
        assert relay.cut("a", "b", "reset", one_way=True) == ["x"]
        assert [link.refusing for link in relay.links] == [True, False]
        relay.heal("b", "a", one_way=True)
        assert [link.refusing for link in relay.links] == [True, False]
        relay.heal("a", "b", one_way=True)
        assert [link.refusing for link in relay.links] == [False, False]
        await relay.close()

    uvloop.run(main())


def test_a_pair_without_a_link_is_the_users_error() -> None:
    async def main() -> None:
        relay = Relay(_spec())
        await relay.serve()
        with pytest.raises(UserError, match="no link between a and c: there are a to b"):
            relay.cut("a", "c")
        await relay.close()

    uvloop.run(main())


def test_closing_resets_what_is_open(wan: WanFactory) -> None:
    async def main() -> None:
        async with wan(_echo, 4) as world:
            reader, writer = await world.connect()
            writer.write(b"x")
            await reader.readexactly(1)
        assert world.link["connections"]["open"] == 0
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()

    uvloop.run(main())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"from": "mars"}, "unknown region 'mars'"),
        ({"target": "nowhere"}, "link x: target: 'nowhere' is not host:port"),
        ({"listen": None, "listen_fd": 999}, "link x: 999 is not the number of an inherited socket"),
    ],
)
def test_a_wrong_link_is_the_users_error(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Relay(_spec(links=[{**LINK, **change}]))
