"""Answers that take too long: to begin, to go on, in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from tests.proxy.test_exchange import nothing_left
from tests.proxy.test_failures import ROLE, TEXT, TURNS
from tests.proxy.test_peers import two_regions

if TYPE_CHECKING:
    from tests.proxy.conftest import Play, World

SOON_S = 0.15


def test_an_engine_that_does_not_begin_is_replaced_by_another(play: Play) -> None:
    async def scene(world: World) -> None:
        first, second = await world.engine(), await world.engine()
        balancer = await world.balancer(first, second, switches=TURNS, limits={"first_byte_s": SOON_S})
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await first.request()
        asked.begin_stream()
        asked.chunk(ROLE)
        again = await second.request()
        await asked.abandoned()
        again.answer_json({"second": 1})
        assert (await wire.response()).json() == {"second": 1}
        await nothing_left(balancer)

    play(scene)


def test_where_there_is_no_other_it_is_a_504(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"first_byte_s": SOON_S})
        wire = await balancer.connect()
        wire.chat()
        asked = await engine.request()
        response = await wire.response()
        assert (response.status, response.json()["error"]["code"]) == (504, "upstream_timeout")
        assert response.headers["x-should-retry"] == "false"
        await asked.abandoned()
        await nothing_left(balancer)

    play(scene)


def test_an_engine_that_falls_silent_amid_its_answer_is_cut_off_visibly(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"between_chunks_s": SOON_S})
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(TEXT)
        await wire.head()
        assert await wire.chunk() == TEXT
        event = orjson.loads((await wire.chunk()).removeprefix(b"data: "))
        assert event["error"]["code"] == "upstream_stalled"
        assert await wire.rest() == b"", "no last chunk"
        await asked.abandoned()
        await nothing_left(balancer)

    play(scene)


def test_progress_keeps_a_stream_alive_beyond_the_limit_between_chunks(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"between_chunks_s": SOON_S})
        now = balancer.server.dispatcher.now
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(TEXT)
        await wire.head()
        end = now() + 4 * SOON_S
        while now() < end:
            assert await wire.chunk() == TEXT
            asked.chunk(TEXT)
        await wire.chunk()
        asked.end_stream()
        assert await wire.chunk() == b""

    play(scene)


@pytest.mark.parametrize("began", [False, True])
def test_a_deadline_ends_a_request_wherever_it_is(play: Play, *, began: bool) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"total_s": SOON_S})
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        if began:
            asked.begin_stream()
            asked.chunk(TEXT)
            await wire.head()
            assert await wire.chunk() == TEXT
            error = orjson.loads((await wire.chunk()).removeprefix(b"data: "))["error"]
        else:
            response = await wire.response()
            assert (response.status, response.headers["x-should-retry"]) == (504, "false")
            error = response.json()["error"]
        assert error["code"] == "deadline_exceeded"
        await asked.abandoned()
        state = await balancer.until(lambda s: s["in_progress"] == 0)
        assert state["counters"]["expired"] == 1
        assert state["outstanding"] == 0

    play(scene)


def test_a_deadline_ends_the_wait_in_the_queue(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"total_s": SOON_S})
        engine.page = engine.page.replace("waiting 0", "waiting 3")
        await balancer.until(lambda s: s["replica"]["here-0"]["pending"] == 3)
        wire = await balancer.connect()
        wire.chat()
        response = await wire.response()
        assert (response.status, response.json()["error"]["code"]) == (504, "deadline_exceeded")
        assert engine.idle
        await nothing_left(balancer)

    play(scene)


def test_one_deadline_travels_across_the_hop(play: Play) -> None:
    async def scene(world: World) -> None:
        _, here, far, there = await two_regions(world, limits={"total_s": 30})
        await here.until(lambda s: True)
        wire = await here.connect()
        wire.chat()
        asked = await far.request()
        exchange = next(iter(there.server.dispatcher.exchanges))
        origin = next(iter(here.server.dispatcher.exchanges))
        assert abs(origin.deadline - exchange.deadline) < 1, "both clocks are one here"
        assert exchange.deadline < exchange.outcome.arrived + 30
        asked.answer_json({})
        await wire.response()

    play(scene)
