"""A client that leaves stops its engine at once: by the event itself, not by a clock that comes round.

Every clock of these balancers ticks once in five seconds or more; each engine hears of it within one.
"""

from __future__ import annotations

import asyncio
from itertools import product
from typing import TYPE_CHECKING

import pytest
from tests.proxy.test_failures import ROLE, TEXT
from tests.proxy.test_peers import FULL

if TYPE_CHECKING:
    from tests.proxy.conftest import Asked, Engine, Play, Running, Wire, World

SLOW_CLOCKS = 0.02
PHASES = ("nothing came", "a head came", "a role came", "content came", "whole")


async def balancers(world: World, engine: Engine, *, hops: int) -> list[Running]:
    """Return the balancers between a client and this engine; the client asks the last one."""
    serving = await world.balancer(engine, name="there", speed=SLOW_CLOCKS)
    if not hops:
        return [serving]
    first = await world.balancer(name="here", speed=SLOW_CLOCKS)
    await world.introduce(first, [], [serving])
    await world.introduce(serving, [engine], [first])
    await world.heard_from(first, 0, 1)
    return [serving, first]


async def answer_up_to(phase: str, asked: Asked, wire: Wire) -> None:
    if phase == "whole":
        asked.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 90_000)
        await wire.head()
    elif phase != "nothing came":
        asked.begin_stream()
        if phase == "a role came":
            asked.chunk(ROLE)
        elif phase == "content came":
            asked.chunk(TEXT)
            await wire.head()


@pytest.mark.parametrize("hops", [0, 1])
def test_a_running_request_is_stopped(play: Play, hops: int) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        on_the_way = await balancers(world, engine, hops=hops)
        for phase, rude in product(PHASES, (True, False)):
            wire = await on_the_way[-1].connect()
            wire.chat(stream=True)
            asked = await engine.request()
            await answer_up_to(phase, asked, wire)
            if rude:
                wire.leave()
            else:
                wire.writer.close()
            async with asyncio.timeout(1):
                await asked.abandoned()
                for balancer in on_the_way:
                    await balancer.until(lambda s: s["in_progress"] == s["outstanding"] == 0)

    play(scene)


def test_a_queued_request_is_forgotten(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        engine.page = FULL
        balancer = await world.balancer(engine, speed=SLOW_CLOCKS)
        wire = await balancer.connect()
        wire.chat()
        await balancer.until(lambda s: s["queue"] == 1)
        wire.leave()
        async with asyncio.timeout(1):
            await balancer.until(lambda s: s["in_progress"] == s["queue"] == 0)
        assert engine.idle

    play(scene)
