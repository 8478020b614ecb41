"""Stored responses and clients' keys: whose they are, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.proxy.stored_wire import ALICE, BOB, KEYS, create, refused, shows, store, three

from nightshift.proxy.access.key_files import digest_of

if TYPE_CHECKING:
    from tests.proxy.conftest import Play, World


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
