"""One request from arrival to the last byte, over real sockets: relay, failures, a client that leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from tests.proxy.conftest import Play, Running, World

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


async def nothing_left(balancer: Running) -> None:
    """Wait until no request is anywhere, and check that each has been counted out."""
    state = await balancer.until(lambda s: s["in_progress"] == 0)
    assert state["outstanding"] == state["queue"] == 0
    assert balancer.server.dispatcher.held_bytes == 0
    counters = state["counters"]
    done = (counters[key] for key in ("completed", "rejected", "failed", "client_gone"))
    assert sum(done) == counters["arrived"]


def test_the_engine_gets_the_request_and_the_client_the_answer_with_the_decision(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        body = b'{"model":  "m", "unknown": 1, "messages":[{"role":"user","content":"hello"}]}'
        wire.post("/v1/chat/completions?a=1", body, "Authorization: Bearer k\r\nX-Nightshift-Odd: 1\r\n")
        asked = await engine.request()
        assert asked.head == "POST /v1/chat/completions?a=1 HTTP/1.1"
        assert asked.body == body, "byte for byte the client's"
        assert asked.headers["authorization"] == "Bearer k"
        assert asked.headers["host"] == engine.address
        assert not any(name.startswith("x-nightshift") for name in asked.headers)
        asked.answer_json({"ok": True}, more="x-request-id: 7\r\nx-nightshift-replica: forged\r\n")
        response = await wire.response()
        assert response.status == 200
        assert response.json() == {"ok": True}
        decision = {k: v for k, v in response.headers.items() if k.startswith("x-nightshift-")}
        assert float(decision.pop("x-nightshift-queued-ms")) >= 0
        assert decision.pop("x-nightshift-reason")
        assert decision == {
            "x-nightshift-region": "region-here",
            "x-nightshift-balancer": "here",
            "x-nightshift-replica": "here-0",
            "x-nightshift-served-by": "region-here",
            "x-nightshift-hops": "0",
            "x-nightshift-matched": "0.0000",
        }
        assert response.headers["x-request-id"] == "7"
        await nothing_left(balancer)

    play(scene)


def test_a_stream_is_relayed_block_by_block_as_it_comes(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        assert (await wire.head()).headers["transfer-encoding"] == "chunked"
        assert await wire.chunk() == b"data: 1\n\n"
        for number in range(2, 50):
            asked.chunk(b"data: %d\n\n" % number)
            assert await wire.chunk() == b"data: %d\n\n" % number
        asked.chunk(b"data: [DONE]\n\n")
        asked.end_stream()
        assert await wire.chunk() == b"data: [DONE]\n\n"
        assert await wire.chunk() == b""

    play(scene)


def test_events_with_a_known_length_are_chunked_all_the_same(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.answer(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata: 1\n\n"
        )
        response = await wire.response()
        assert "content-length" not in response.headers
        assert response.body == b"data: 1\n\n"

    play(scene)


def test_an_answer_that_ends_by_closing_gets_a_proper_end(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        wire.chat()
        asked = await engine.request()
        asked.answer(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it")
        asked.hang_up()
        assert (await wire.response()).body == b"all of it"
        await nothing_left(balancer)

    play(scene)


def test_connections_are_used_again_on_both_sides(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        connections = set()
        for _ in range(3):
            wire.chat()
            asked = await engine.request()
            connections.add(asked.connection)
            asked.begin_stream()
            asked.chunk(b"data: 1\n\n")
            asked.end_stream()
            await wire.response()
        assert len(connections) == 1

    play(scene)


def test_a_stale_connection_is_not_an_error(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        wire.chat()
        first = await engine.request()
        first.answer_json({})
        await wire.response()
        wire.chat()
        second = await engine.request()
        assert second.connection is first.connection
        second.hang_up()  # after it got the request, before any byte
        third = await engine.request()
        assert third.body == second.body
        assert third.connection is not second.connection
        third.answer_json({"third": True})
        assert (await wire.response()).json() == {"third": True}
        await nothing_left(balancer)

    play(scene)


def test_a_fresh_connection_that_closes_without_an_answer_is_a_502(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        wire.chat()
        (await engine.request()).hang_up()
        response = await wire.response()
        assert response.status == 502
        assert response.json()["error"]["type"] == "server_error"
        assert response.headers["x-nightshift-replica"] == "here-0"
        assert engine.idle, "it is not sent twice"
        wire.chat()  # the client's connection is as good as before
        (await engine.request()).answer_json({})
        assert (await wire.response()).status == 200

    play(scene)


def test_an_engine_that_dies_before_it_answers_is_replaced_by_another(play: Play) -> None:
    async def scene(world: World) -> None:
        first, second = await world.engine(), await world.engine()
        balancer = await world.balancer(first, second, switches={"replica_policy": "round_robin"})
        wire = await balancer.connect()
        wire.chat("once more", stream=True)
        asked = await first.request()
        asked.begin_stream()  # a head alone is nothing that the client has seen
        asked.hang_up()
        again = await second.request()
        assert again.body == asked.body
        again.answer_json({"second": True})
        response = await wire.response()
        assert (response.status, response.json()) == (200, {"second": True})
        assert response.headers["x-nightshift-replica"] == "here-1"
        await nothing_left(balancer)
        counters = (await balancer.state())["counters"]
        assert (counters["lost"], counters["completed"]) == (1, 1)

    play(scene)


def test_a_request_that_two_engines_died_with_is_refused_and_not_to_be_retried(play: Play) -> None:
    async def scene(world: World) -> None:
        engines = [await world.engine() for _ in range(3)]
        balancer = await world.balancer(*engines, switches={"replica_policy": "round_robin"})
        wire = await balancer.connect()
        wire.chat("poison")
        for engine in (engines[0], engines[2]):  # the second in turn of those that are left
            (await engine.request()).hang_up()
        response = await wire.response()
        assert response.status == 502
        assert response.headers["x-should-retry"] == "false"
        assert engines[1].idle, "it does not tour the fleet"
        await nothing_left(balancer)

    play(scene)


def test_garbage_from_an_engine_is_a_502(play: Play) -> None:
    garbage = (
        b"ICY 200 nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxx",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
    )

    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        for data in garbage:
            wire.chat()
            asked = await engine.request()
            asked.answer(data)
            assert (await wire.response()).status == 502, data[:60]
            await asked.abandoned()
        await nothing_left(balancer)

    play(scene)


def test_a_second_answer_that_nobody_asked_for_reaches_nobody(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
        wire.chat()
        asked = await engine.request()
        asked.answer(answer + b"A" + answer + b"B")
        assert (await wire.response()).body == b"A"
        await asked.abandoned()
        wire.chat()
        (await engine.request()).answer(answer + b"C")
        assert (await wire.response()).body == b"C"

    play(scene)


def test_1xx_is_for_the_hop_and_not_for_the_client(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.chat()
        asked = await engine.request()
        asked.answer(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        asked.answer_json({"ok": 1})
        response = await wire.response()
        assert response.status == 200
        assert "link" not in response.headers

    play(scene)


def test_a_stream_that_dies_ends_with_an_error_event_and_visibly_incomplete(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        for sent, separator in ((b"data: 1\n\n", b""), (b'data: 1\n\ndata: {"cut', b"\n\n")):
            wire = await balancer.connect()
            wire.chat(stream=True)
            asked = await engine.request()
            asked.begin_stream()
            asked.chunk(sent)
            await wire.head()
            assert await wire.chunk() == sent
            asked.hang_up()
            event = await wire.chunk()
            assert event.startswith(separator + b"data: ")
            error = orjson.loads(event.split(b"data: ", 1)[1])["error"]
            assert error["code"] == "upstream_lost"
            assert b"[DONE]" not in event
            assert await wire.rest() == b"", "no last chunk"
        await nothing_left(balancer)

    play(scene)


def test_a_head_without_a_body_can_still_become_a_502(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.hang_up()
        assert (await wire.response()).status == 502

    play(scene)


def test_an_unreachable_replica_is_passed_over(play: Play) -> None:
    async def scene(world: World) -> None:
        dead, alive = await world.engine(), await world.engine()
        balancer = await world.balancer(dead, alive, switches={"replica_policy": "round_robin"})
        dead.stop()
        for _ in range(2):
            wire = await balancer.connect()
            wire.chat()
            (await alive.request()).answer_json({})
            response = await wire.response()
            assert response.headers["x-nightshift-replica"] == "here-1"
        await nothing_left(balancer)

    play(scene)


def test_a_client_that_leaves_while_queued_leaves_nothing(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        engine.page = engine.page.replace("waiting 0", "waiting 3")
        await balancer.until(lambda s: s["replica"]["here-0"]["pending"] == 3)
        wire = await balancer.connect()
        wire.chat()
        await balancer.until(lambda s: s["queue"] == 1)
        wire.leave()
        await nothing_left(balancer)
        assert engine.idle

    play(scene)


def test_a_client_that_leaves_makes_the_engine_stop(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        for stream in (False, True):
            wire = await balancer.connect()
            wire.chat(stream=stream)
            asked = await engine.request()
            wire.leave()
            await asked.abandoned()
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        await wire.head()
        wire.writer.write_eof()  # half a close is a whole one
        await asked.abandoned()
        await nothing_left(balancer)

    play(scene)


def test_a_client_that_leaves_after_the_last_event_has_got_all(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(b"data: [DONE]\n\n")
        await wire.head()
        await wire.chunk()
        wire.leave()
        await asked.abandoned()
        await nothing_left(balancer)
        counters = (await balancer.state())["counters"]
        assert (counters["completed"], counters["client_gone"]) == (1, 0)

    play(scene)


def test_a_slow_reader_slows_its_engine_and_nobody_else(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.connection.transport.set_write_buffer_limits(high=1)
        block, sent = b"x" * 65536, 0
        # The kernel's buffers and ours fill up; then the engine's own bytes stay with it.
        while asked.connection.transport.get_write_buffer_size() < 4 * 2**20:
            asked.chunk(block)
            sent += 1
            await asyncio.sleep(0)
        other = await balancer.connect()
        other.chat()
        (await engine.request()).answer_json({"ok": 1})
        assert (await other.response()).status == 200
        asked.end_stream()
        assert len((await wire.response()).body) == sent * len(block)
        wire.chat()
        (await engine.request()).answer_json({"ok": 2})
        assert (await wire.response()).json() == {"ok": 2}
        await nothing_left(balancer)

    play(scene)


def test_any_other_path_of_the_api_is_placed_with_its_body_untouched(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.post("/v1/audio/transcriptions", b"\x00not json\xff", "Content-Type: multipart/form-data\r\n")
        asked = await engine.request()
        assert asked.body == b"\x00not json\xff"
        asked.answer(b"HTTP/1.1 204 No Content\r\n\r\n")
        response = await wire.head()
        assert response.status == 204
        assert not {"content-length", "transfer-encoding"} & set(response.headers)

    play(scene)


def test_errors_of_the_engine_are_passed_on(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.chat()
        (await engine.request()).answer_json(
            {"error": {"message": "no"}}, "422 Unprocessable", "retry-after: 3\r\n"
        )
        response = await wire.response()
        assert (response.status, response.headers["retry-after"]) == (422, "3")
        assert response.json() == {"error": {"message": "no"}}

    play(scene)


def test_a_refusal_of_the_balancer_says_when_to_come_again(play: Play) -> None:
    async def scene(world: World) -> None:
        balancer = await world.balancer()
        wire = await balancer.connect()
        wire.chat()
        response = await wire.response()
        assert response.status == 503
        assert int(response.headers["retry-after"]) >= 1
        assert response.json()["error"]["code"] == response.headers["x-nightshift-reason"]
        await nothing_left(balancer)

    play(scene)


def test_large_requests_are_bounded_together(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"held_bytes": 3000})
        first, second = await balancer.connect(), await balancer.connect()
        first.chat("x" * 2000)
        asked = await engine.request()
        second.chat("x" * 2000)
        response = await second.response()
        assert (response.status, response.json()["error"]["code"]) == (503, "too_much_held")
        assert response.headers["retry-after"] == "1"
        asked.answer_json({})
        await first.response()
        second.chat("x" * 2000)
        (await engine.request()).answer_json({})
        assert (await second.response()).status == 200
        await nothing_left(balancer)

    play(scene)
