"""Failures before the client has seen anything: the commit point, other targets, and answers passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from tests.proxy.test_exchange import nothing_left

if TYPE_CHECKING:
    from tests.proxy.conftest import Asked, Engine, Play, Running, World

ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
TEXT = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
TURNS = {"replica_policy": "round_robin"}


async def two(world: World) -> tuple[Engine, Engine, Running]:
    """Return two engines that get requests in turn, and their balancer."""
    first, second = await world.engine(), await world.engine()
    return first, second, await world.balancer(first, second, switches=TURNS)


def test_a_role_is_no_content_and_is_held_back(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(ROLE)
        asked.chunk(TEXT)
        await wire.head()
        assert await wire.chunk() == ROLE + TEXT, "nothing is lost or changed, and both come together"

    play(scene)


@pytest.mark.parametrize("said", [b"", b": keep-alive\n\n", ROLE])
def test_a_stream_that_dies_before_its_first_content_is_another_engines(play: Play, said: bytes) -> None:
    async def scene(world: World) -> None:
        first, second, balancer = await two(world)
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await first.request()
        asked.begin_stream()
        if said:
            asked.chunk(said)
        asked.hang_up()
        again = await second.request()
        assert again.body == asked.body
        again.begin_stream()
        again.chunk(ROLE + TEXT)
        again.end_stream()
        response = await wire.response()
        assert response.body == ROLE + TEXT, "nothing of the first engine's answer"
        assert response.headers["x-nightshift-replica"] == "here-1"
        await nothing_left(balancer)

    play(scene)


def fails_with_500(asked: Asked) -> None:
    asked.answer_json({"error": {"message": "CUDA error"}}, "500 Internal Server Error", "x-engine: 1\r\n")


def fails_with_503(asked: Asked) -> None:
    asked.answer_json({"error": {"message": "loading"}}, "503 Service Unavailable", "x-engine: 1\r\n")


def fails_in_its_stream(asked: Asked) -> None:
    lines = b"x-engine: 1\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
    asked.answer(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n")
    asked.chunk(ROLE + b'data: {"error": {"message": "engine is dead", "code": 500}}\n\n')


@pytest.mark.parametrize("fail", [fails_with_500, fails_with_503, fails_in_its_stream])
def test_an_engine_that_answers_that_it_cannot_is_replaced(play: Play, fail: object) -> None:
    async def scene(world: World) -> None:
        first, second, balancer = await two(world)
        wire = await balancer.connect()
        wire.chat(stream=True)
        fail(await first.request())  # type: ignore[operator]
        (await second.request()).answer_json({"second": 1})
        response = await wire.response()
        assert (response.status, response.json()) == (200, {"second": 1})
        assert "x-engine" not in response.headers
        await nothing_left(balancer)
        assert (await balancer.state())["counters"]["refused"] == 1

    play(scene)


@pytest.mark.parametrize("fail", [fails_with_500, fails_with_503, fails_in_its_stream])
def test_where_there_is_no_other_the_client_gets_the_engines_own_answer(play: Play, fail: object) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        wire.chat(stream=True)
        fail(await engine.request())  # type: ignore[operator]
        response = await wire.response()
        assert response.headers["x-engine"] == "1"
        assert b"error" in response.body
        wire.chat()
        (await engine.request()).answer_json({})
        assert (await wire.response()).status == 200, "the connection is as good as before"
        await nothing_left(balancer)

    play(scene)


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "429 Too Many Requests", "501 No"])
def test_what_is_the_requests_fault_or_load_is_passed_on(play: Play, status: str) -> None:
    async def scene(world: World) -> None:
        first, second, balancer = await two(world)
        wire = await balancer.connect()
        wire.chat()
        (await first.request()).answer_json({"error": 1}, status, "retry-after: 3\r\n")
        response = await wire.response()
        assert (response.status, response.headers["retry-after"]) == (int(status[:3]), "3")
        assert second.idle
        assert (await balancer.state())["counters"]["refused"] == 0

    play(scene)


def test_a_small_answer_that_dies_half_way_is_another_engines(play: Play) -> None:
    async def scene(world: World) -> None:
        first, second, balancer = await two(world)
        wire = await balancer.connect()
        wire.chat()
        asked = await first.request()
        asked.answer(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\nhalf")
        asked.hang_up()
        (await second.request()).answer_json({"whole": 1})
        assert (await wire.response()).json() == {"whole": 1}
        await nothing_left(balancer)

    play(scene)


def test_a_large_answer_is_not_held(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"hold_bytes": 10})
        wire = await balancer.connect()
        wire.chat()
        asked = await engine.request()
        asked.answer(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\nhalf")
        assert (await wire.head()).status == 200
        assert await wire.reader.readexactly(4) == b"half"
        asked.hang_up()
        assert await wire.rest() == b"", "shorter than it said: an error for every client"
        await nothing_left(balancer)

    play(scene)


def test_what_says_nothing_for_long_is_sent_all_the_same(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"hold_bytes": 100})
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(b": " + b"x" * 99 + b"\n\n")
        await wire.head()
        assert len(await wire.chunk()) == 103
        asked.hang_up()
        event = orjson.loads((await wire.chunk()).removeprefix(b"data: "))
        assert event["error"]["code"] == "upstream_lost", "too late for another engine, and not silent"
        await nothing_left(balancer)

    play(scene)
