"""Stored responses through balancers: a request that names one reaches who stored it, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.proxy.stored_wire import ALICE, KEYS, answered, create, refused, shows, store, three, whoever

if TYPE_CHECKING:
    from tests.proxy.conftest import Play, World


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
