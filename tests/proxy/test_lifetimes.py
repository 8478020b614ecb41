"""What a request leaves behind: nothing, without the help of the garbage collector, however it ended."""

from __future__ import annotations

import asyncio
import gc
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client
from nightshift.proxy.delivery import Delivery
from nightshift.proxy.exchange import Exchange
from nightshift.proxy.request import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.proxy.conftest import Asked, Engine, Play, Running, World

OF_A_REQUEST = (Exchange, Answer, Delivery, HttpRequest)


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive(*kinds: type) -> list[str]:
    # The one request that stands for unreadable ones lives as long as its module.
    return [type(o).__name__ for o in gc.get_objects() if isinstance(o, kinds) and not _is_constant(o)]


def _is_constant(thing: object) -> bool:
    return isinstance(thing, HttpRequest) and thing.method == ""


async def one_of_each_end(engine: Engine, balancer: Running) -> None:
    wire = await balancer.connect()
    wire.chat()
    (await engine.request()).answer_json({})
    await wire.response()
    wire.post("/v1/chat/completions", b"{")
    await wire.response()
    wire.chat(stream=True)
    asked = await engine.request()
    asked.begin_stream()
    asked.chunk(b"data: 1\n\n")
    await wire.head()
    asked.hang_up()
    await wire.rest()
    wire = await balancer.connect()
    wire.chat()
    asked = await engine.request()
    wire.leave()
    await asked.abandoned()


def test_nothing_of_a_request_is_left(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        for _ in range(3):
            await one_of_each_end(engine, balancer)
        await balancer.until(lambda s: s["in_progress"] == 0)
        left = alive(*OF_A_REQUEST)
        # The probe under way, and the request that brought the state.
        assert left.count("Exchange") == 0
        assert len(left) <= 3, left

    play(scene)


def test_nothing_of_a_connection_is_left(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        for _ in range(20):
            wire = await balancer.connect()
            wire.get("/health")
            await wire.response()
            wire.leave()
        last = await balancer.connect()
        while len(alive(Client)) > 1:
            last.get("/health")
            await last.response()

    play(scene)


async def _client(balancer: Running, rng: Random) -> None:
    """Ask some questions, and leave at any time."""
    wire = await balancer.connect()
    for _ in range(rng.randint(1, 4)):
        wire.chat(stream=rng.random() < 0.5)
        patience = rng.randint(0, 6)
        try:
            async with asyncio.timeout(rng.choice([0.0, 0.002, 0.02, 5.0])):
                if patience == 0:
                    break
                await wire.response()
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, ValueError):
            break
    wire.leave()


async def _engine(engine: Engine, rng: Random) -> None:
    """Answer, or fail, in any way."""

    def whole(asked: Asked) -> None:
        asked.answer_json({"ok": 1})

    def stream(asked: Asked) -> None:
        asked.begin_stream()
        for number in range(rng.randint(0, 5)):
            asked.chunk(b"data: %d\n\n" % number)
        asked.end_stream()

    def cut(asked: Asked) -> None:
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        asked.hang_up()

    def nothing(asked: Asked) -> None:
        asked.hang_up()

    def garbage(asked: Asked) -> None:
        asked.answer(b"garbage\r\n\r\n")

    ways = [whole, whole, stream, stream, cut, nothing, garbage]
    while True:
        asked = await engine.request()
        if not asked.connection.lost.is_set():
            rng.choice(ways)(asked)


@pytest.mark.parametrize("seed", range(3))
def test_chaos_between_two_balancers_ends_with_empty_ledgers(play: Play, seed: int) -> None:
    async def scene(world: World) -> None:
        rng = Random(seed)
        engines = [await world.engine() for _ in range(3)]
        switches: dict[str, Any] = {"sends_per_probe": 3}
        here = await world.balancer(engines[0], name="here", switches=switches, seed=seed)
        there = await world.balancer(*engines[1:], name="there", switches=switches, seed=seed)
        await world.introduce(here, engines[:1], [there])
        await world.introduce(there, engines[1:], [here])
        await world.heard_from(here, 1, 1)
        await world.heard_from(there, 2, 1)
        async with asyncio.TaskGroup() as group:
            serving = [
                group.create_task(_engine(engine, Random(seed + n))) for n, engine in enumerate(engines)
            ]
            clients = [
                group.create_task(_client(rng.choice([here, here, there]), Random(1000 * seed + n)))
                for n in range(80)
            ]
            await asyncio.wait(clients)
            for balancer in (here, there):
                state = await balancer.until(lambda s: s["in_progress"] == 0)
                assert state["outstanding"] == state["queue"] == 0
                assert all(r["outstanding"] == 0 for r in state["replica"].values())
                assert all(p["outstanding"] == 0 for p in state["peer"].values())
                counters = state["counters"]
                ends = ("completed", "rejected", "failed", "client_gone")
                assert sum(counters[end] for end in ends) == counters["arrived"] > 0
            for task in serving:
                task.cancel()

    play(scene)
