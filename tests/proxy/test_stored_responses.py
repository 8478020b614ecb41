"""Stored responses through balancers: a request that names one reaches who stored it, byte for byte."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from nightshift.proxy.access.key_files import digest_of

if TYPE_CHECKING:
    from tests.proxy.conftest import Asked, Engine, Play, Response, Running, Wire, World

ALICE, BOB = "ns-" + "a" * 43, "ns-" + "b" * 43
KEYS = [{"id": "alice.1", "sha256": digest_of(ALICE)}, {"id": "bob", "sha256": digest_of(BOB)}]


def shows(key: str) -> str:
    return f"Authorization: Bearer {key}\r\n" if key else ""


def create(wire: Wire, previous: str | None = None, more: str = "", **fields: object) -> bytes:
    """Ask for a response. Odd blanks and an unknown field: the body must arrive as it is."""
    named = {} if previous is None else {"previous_response_id": previous}
    body = orjson.dumps({"model": "m", "input": "hello", **named, **fields, "unknown": [1]})
    body = body.replace(b",", b" , ")
    wire.post("/v1/responses", body, more)
    return body


async def whoever(engines: list[Engine]) -> tuple[Engine, Asked]:
    """Wait for the next request, whichever engine gets it."""
    waiting = {asyncio.create_task(engine.request()): engine for engine in engines}
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    (task,) = done
    return waiting[task], task.result()


async def store(wire: Wire, engines: list[Engine], id_: str, more: str = "", **fields: object) -> Engine:
    """Have a response made and stored; return the engine that has it."""
    create(wire, None, more, **fields)
    engine, asked = await whoever(engines)
    asked.answer_json({"id": id_, "object": "response"})
    assert (await wire.response()).json()["id"] == id_
    return engine


async def refused(wire: Wire) -> tuple[int, Any]:
    response = await wire.response()
    return response.status, response.json()["error"]["code"]


async def answered(wire: Wire, engine: Engine, status: str = "200 OK") -> tuple[Asked, Response]:
    asked = await engine.request()
    asked.answer_json({"object": "response"}, status)
    return asked, await wire.response()


async def three(world: World, *engines: Engine, **settings: Any) -> tuple[Running, Running, Running]:
    """A balancer without replicas, one with these, and a third without, each other's peers."""
    first, second, third = [await world.balancer(name=name, **settings) for name in ("a", "b", "c")]
    await world.introduce(first, [], [second, third])
    await world.introduce(second, list(engines), [first, third])
    await world.introduce(third, [], [first, second])
    await world.heard_from(second, len(engines))
    for balancer in (first, third):
        await world.heard_from(balancer, 0, 1)
    return first, second, third


def test_everything_about_it_goes_to_the_replica_that_stored_it(play: Play) -> None:
    async def scene(world: World) -> None:
        engines = [await world.engine() for _ in range(3)]
        wire = await (await world.balancer(*engines)).connect()
        for n in range(4):
            holder = await store(wire, engines, f"resp_{n}")
            body = create(wire, f"resp_{n}")
            asked, response = await answered(wire, holder)
            assert asked.body == body
            assert response.headers["x-nightshift-reason"] == "stored"
            for method, path in (
                ("GET", ""),
                ("GET", "?include=a&stream=false"),
                ("GET", "/input_items?limit=2"),
                ("DELETE", ""),
            ):
                wire.get(f"/v1/responses/resp_{n}{path}", method=method)
                asked, response = await answered(wire, holder)
                assert asked.head == f"{method} /v1/responses/resp_{n}{path} HTTP/1.1"
                assert response.status == 200
            wire.post(f"/v1/responses/resp_{n}/cancel", b"")
            asked, _ = await answered(wire, holder)
            assert asked.head == f"POST /v1/responses/resp_{n}/cancel HTTP/1.1"
        assert all(engine.idle for engine in engines)

    play(scene)


def test_a_streamed_one_is_known_when_the_stream_begins(play: Play) -> None:
    async def scene(world: World) -> None:
        engines = [await world.engine() for _ in range(3)]
        balancer = await world.balancer(*engines)
        streaming, other = await balancer.connect(), await balancer.connect()
        create(streaming, stream=True, background=True)
        holder, asked = await whoever(engines)
        asked.begin_stream()
        announced = (
            b'event: response.created\ndata: {"response":{"id":"resp_1"},"type":"response.created"}\n\n'
        )
        delta = b'data: {"type":"response.output_text.delta","delta":"a"}\n\n'
        asked.chunk(announced + delta)
        assert (await streaming.head()).status == 200
        assert await streaming.chunk() == announced + delta
        other.post("/v1/responses/resp_1/cancel", b"{}")
        assert (await answered(other, holder))[1].status == 200
        asked.end_stream()

    play(scene)


def test_what_is_not_to_be_stored_is_not_remembered(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        await store(wire, [engine], "resp_1", store=False)
        assert len(balancer.server.dispatcher.balancer.stored.responses) == 0
        await store(wire, [engine], "resp_2", store=None)
        assert len(balancer.server.dispatcher.balancer.stored.responses) == 1

    play(scene)


def test_the_answer_is_asked_for_uncompressed(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        create(wire, more="Accept-Encoding: gzip\r\n")
        asked, _ = await answered(wire, engine)
        assert "accept-encoding" not in asked.headers

    play(scene)


def test_it_is_gone_with_its_replica_and_nobody_else_is_asked(play: Play) -> None:
    async def scene(world: World) -> None:
        engines = [await world.engine() for _ in range(2)]
        balancer = await world.balancer(*engines)
        wire = await balancer.connect()
        holder = await store(wire, engines, "resp_1")
        (other,) = [engine for engine in engines if engine is not holder]
        fields = {"id": f"here-{engines.index(other)}", "address": other.address}
        balancer.server.change({"replicas": [fields]})
        create(wire, "resp_1")
        response = await wire.response()
        assert (response.status, response.json()["error"]["code"]) == (404, "response_gone")
        assert response.headers["x-should-retry"] == "false"
        wire.get("/v1/responses/resp_1")
        assert await refused(wire) == (404, "response_gone")
        assert other.idle

    play(scene)


def test_a_replica_that_hangs_up_is_not_replaced(play: Play) -> None:
    async def scene(world: World) -> None:
        engines = [await world.engine() for _ in range(2)]
        wire = await (await world.balancer(*engines)).connect()
        holder = await store(wire, engines, "resp_1")
        create(wire, "resp_1")
        (await holder.request()).hang_up()
        (await holder.request()).hang_up()  # the first time the connection could have been stale
        assert await refused(wire) == (502, "upstream_lost")
        assert all(engine.idle for engine in engines)

    play(scene)


def test_an_engines_own_answer_passes(play: Play) -> None:
    async def scene(world: World) -> None:
        engines = [await world.engine() for _ in range(2)]
        wire = await (await world.balancer(*engines)).connect()
        holder = await store(wire, engines, "resp_1")
        for status in ("404 Not Found", "400 Bad Request", "500 Internal Server Error"):
            wire.get("/v1/responses/resp_1")
            _, response = await answered(wire, holder, status)
            assert response.status == int(status[:3])

    play(scene)


def test_an_unknown_one_is_asked_for_once(play: Play) -> None:
    async def scene(world: World) -> None:
        engines = [await world.engine() for _ in range(2)]
        wire = await (await world.balancer(*engines)).connect()
        wire.get("/v1/responses/resp_1")
        _, asked = await whoever(engines)
        asked.answer_json({"error": {"message": "not found"}}, "404 Not Found")
        assert (await wire.response()).json() == {"error": {"message": "not found"}}
        assert all(engine.idle for engine in engines)

    play(scene)


@pytest.mark.parametrize("keys", [[], KEYS])
def test_across_balancers(play: Play, keys: list[dict[str, str]]) -> None:
    """Made through the first at a replica of the second: all three find it."""

    async def scene(world: World) -> None:
        engines = [await world.engine() for _ in range(3)]
        balancers = await three(world, *engines, keys=keys)
        wires = [await balancer.connect() for balancer in balancers]
        more = shows(ALICE if keys else "")
        holder = await store(wires[0], engines, "resp_1", more)
        reasons = []
        for wire in (*wires, wires[2]):
            body = create(wire, "resp_1", more)
            asked, response = await answered(wire, holder)
            assert asked.body == body
            assert not [name for name in asked.headers if name.startswith("x-nightshift")]
            reasons.append((response.headers["x-nightshift-reason"], response.headers["x-nightshift-hops"]))
        # The third had to ask, and knew it from then on.
        assert reasons == [("stored", "1"), ("stored", "0"), ("stored_sought", "1"), ("stored", "1")]
        wires[2].get("/v1/responses/resp_2", more)
        assert await refused(wires[2]) == (404, "response_not_found")
        assert all(engine.idle for engine in engines)
        for balancer in balancers:
            await balancer.until(lambda state: state["in_progress"] == 0)

    play(scene)


def test_nobody_gets_at_another_clients_response(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancers = await three(world, engine, keys=KEYS)
        wires = [await balancer.connect() for balancer in balancers]
        await store(wires[0], [engine], "resp_1", shows(ALICE))
        said = []
        for wire in wires:
            for name in ("resp_1", "resp_0"):  # one of hers, and one that nobody has
                create(wire, name, shows(BOB))
                response = await wire.response()
                said.append((response.status, response.body.replace(name.encode(), b"ID")))
                wire.get(f"/v1/responses/{name}", shows(BOB))
                assert await refused(wire) == (404, "response_not_found")
                wire.get(f"/v1/responses/{name}", shows(BOB), "DELETE")
                assert await refused(wire) == (404, "response_not_found")
                wire.post(f"/v1/responses/{name}/cancel", b"", shows(BOB))
                assert await refused(wire) == (404, "response_not_found")
            wire.get("/v1/responses/resp_1")
            assert await refused(wire) == (401, "invalid_api_key")
        assert len(set(said)) == 1
        assert said[0][0] == 404
        assert engine.idle

    play(scene)


def test_an_id_that_a_client_chose_is_not_taken_for_an_engines(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, keys=KEYS)
        wire = await balancer.connect()
        await store(wire, [engine], "resp_1", shows(BOB), request_id="resp_1")
        wire.get("/v1/responses/resp_1", shows(BOB))
        assert await refused(wire) == (404, "response_not_found")

    play(scene)


def test_a_client_cannot_say_whose_request_it_is(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine, keys=KEYS)).connect()
        await store(wire, [engine], "resp_1", shows(ALICE))
        wire.get("/v1/responses/resp_1", shows(BOB) + "x-nightshift-owner: alice.1\r\n")
        assert await refused(wire) == (404, "response_not_found")

    play(scene)


def test_work_in_the_background_is_charged_when_it_is_fetched_first(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        key = {"id": "alice", "sha256": digest_of(ALICE), "tokens_per_minute": 1000}
        wire = await (await world.balancer(engine, keys=[key])).connect()
        usage = {"input_tokens": 100, "output_tokens": 500, "total_tokens": 600}
        queued = {"id": "resp_1", "background": True, "usage": None}
        create(wire, None, shows(ALICE), background=True)
        left = []
        for answer in (queued, queued, {**queued, "usage": usage}, {**queued, "usage": usage}, queued):
            (await engine.request()).answer_json(answer)
            response = await wire.response()
            left.append(round(int(response.headers["x-ratelimit-remaining-tokens"]), -1))
            wire.get("/v1/responses/resp_1", shows(ALICE))
        # A header is of before its own answer is charged.
        assert left == [1000, 1000, 1000, 400, 400]
        (await engine.request()).answer_json(queued)
        await wire.response()

    play(scene)


def test_a_key_for_some_models_reads_what_it_stored_and_is_not_charged_again(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        key = {"id": "alice", "sha256": digest_of(ALICE), "models": ["m"], "tokens_per_minute": 1000}
        wire = await (await world.balancer(engine, keys=[key])).connect()
        answer = {"id": "resp_1", "usage": {"input_tokens": 100, "output_tokens": 200, "total_tokens": 300}}
        create(wire, None, shows(ALICE))
        for _ in range(3):
            (await engine.request()).answer_json(answer)
            assert (await wire.response()).status == 200
            wire.get("/v1/responses/resp_1", shows(ALICE))
        (await engine.request()).answer_json(answer)
        left = int((await wire.response()).headers["x-ratelimit-remaining-tokens"])
        assert left >= 690  # 300 for the answer, and what the last request may come to

    play(scene)
