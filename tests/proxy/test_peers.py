"""Balancers among each other: hand-over, the secret, stealing, and a client that leaves across the hop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.proxy.conftest import Engine, Play, Running, World

TOKEN = "a-secret-of-the-service"
FULL = "vllm:num_requests_waiting 3\nvllm:num_requests_running 9\n"


async def two_regions(
    world: World,
    *,
    near_models: list[str] | None = None,
    far_models: list[str] | None = None,
    **settings: Any,
) -> tuple[Engine, Running, Engine, Running]:
    """Return a full engine with its balancer `here`, and an idle one with its balancer `there`."""
    near, far = await world.engine(), await world.engine()
    near.page = FULL
    near.models, far.models = near_models, far_models
    here = await world.balancer(near, name="here", **settings)
    there = await world.balancer(far, name="there", **settings)
    await world.introduce(here, [near], [there])
    await world.introduce(there, [far], [here])
    await world.heard_from(here, 1, 1)
    await world.heard_from(there, 1, 1)
    await here.until(lambda s: s["replica"]["here-0"]["pending"] == 3)
    return near, here, far, there


async def nothing_left(*balancers: Running) -> None:
    for balancer in balancers:
        state = await balancer.until(lambda s: s["in_progress"] == 0)
        assert state["outstanding"] == state["queue"] == 0
        assert all(peer["outstanding"] == 0 for peer in state["peer"].values())


def test_a_request_is_handed_over_and_the_answer_tells_of_both(play: Play) -> None:
    async def scene(world: World) -> None:
        near, here, far, there = await two_regions(world)
        wire = await here.connect()
        wire.chat(stream=True, more="X-Hash-Key: k\r\n")
        asked = await far.request()
        assert asked.headers["x-hash-key"] == "k"
        assert not any(name.startswith("x-nightshift") for name in asked.headers), "the secret stays inside"
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        asked.end_stream()
        response = await wire.response()
        assert response.body == b"data: 1\n\n"
        decision = {k.removeprefix("x-nightshift-"): v for k, v in response.headers.items()}
        assert decision["balancer"] == "here"
        assert decision["region"] == "region-here"
        assert decision["replica"] == "there-0"
        assert decision["served-by"] == "region-there"
        assert decision["hops"] == "1"
        assert float(decision["queued-ms"]) >= 0
        assert list(response.headers).count("x-nightshift-replica") == 1
        assert near.idle
        await nothing_left(here, there)
        assert (await here.state())["counters"]["handed_over"] == 1
        assert (await there.state())["counters"]["from_peers"] == 1

    play(scene)


def test_leaving_the_first_balancer_stops_the_engine_of_the_second(play: Play) -> None:
    async def scene(world: World) -> None:
        _, here, far, there = await two_regions(world)
        for stream in (False, True):
            wire = await here.connect()
            wire.chat(stream=stream)
            asked = await far.request()
            if stream:
                asked.begin_stream()
                asked.chunk(b"data: 1\n\n")
                await wire.head()
            wire.leave()
            await asked.abandoned()
            await nothing_left(here, there)

    play(scene)


def test_an_error_event_crosses_the_hop(play: Play) -> None:
    async def scene(world: World) -> None:
        _, here, far, there = await two_regions(world)
        wire = await here.connect()
        wire.chat(stream=True)
        asked = await far.request()
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        await wire.head()
        assert await wire.chunk() == b"data: 1\n\n"
        asked.hang_up()
        rest = await wire.rest()
        assert b'"code":"upstream_lost"' in rest
        assert not rest.endswith(b"0\r\n\r\n"), "incomplete here too"
        await nothing_left(here, there)

    play(scene)


def test_a_peer_that_cannot_be_reached_loses_no_request(play: Play) -> None:
    async def scene(world: World) -> None:
        near, here, _, there = await two_regions(world)
        await there.server.stop()
        wire = await here.connect()
        wire.chat()
        await here.until(lambda s: not s["peer"]["there"]["reachable"])
        near.page = FULL.replace("waiting 3", "waiting 0")
        (await near.request()).answer_json({"local": 1})
        assert (await wire.response()).json() == {"local": 1}
        await nothing_left(here)

    play(scene)


@pytest.mark.parametrize(("token", "is_peer"), [(TOKEN, True), ("a-wrong-secret", False), (None, False)])
def test_only_the_secret_makes_a_peer(play: Play, token: str | None, *, is_peer: bool) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        shown = "" if token is None else f"x-nightshift-peer-token: {token}\r\n"
        wire.chat(more=f"x-nightshift-peer: there\r\n{shown}")
        asked = await engine.request()
        assert not any(name.startswith("x-nightshift") for name in asked.headers)
        asked.answer_json({})
        await wire.response()
        assert (await balancer.state())["counters"]["from_peers"] == int(is_peer)

    play(scene)


def test_stealing_and_new_targets_need_the_secret(play: Play) -> None:
    async def scene(world: World) -> None:
        wire = await (await world.balancer()).connect()
        for head in ("POST /nightshift/steal", "PUT /nightshift/targets"):
            for shown in ("", "x-nightshift-peer-token: wrong\r\n"):
                wire.send(f"{head} HTTP/1.1\r\nHost: x\r\n{shown}Content-Length: 2\r\n\r\n{{}}".encode())
                response = await wire.response()
                assert response.status == 403
                assert response.json()["error"]["type"] == "permission_error"

    play(scene)


def test_a_wrong_question_for_work_is_refused(play: Play) -> None:
    async def scene(world: World) -> None:
        wire = await (await world.balancer()).connect()
        for body in (
            b"[]",
            b"{}",
            b'{"thief":"x","count":0}',
            b'{"thief":1,"count":1}',
            b'{"thief":"x","count":true}',
        ):
            wire.post("/nightshift/steal", body, f"x-nightshift-peer-token: {TOKEN}\r\n")
            assert (await wire.response()).status == 400

    play(scene)


def test_wrong_targets_name_the_key_and_change_nothing(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        body = b'{"replicas":[{"id":"a","address":"ftp://x"}]}'
        head = f"PUT /nightshift/targets HTTP/1.1\r\nHost: x\r\nx-nightshift-peer-token: {TOKEN}\r\n"
        wire.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        response = await wire.response()
        assert response.status == 400
        assert "replicas.0.address" in response.json()["error"]["message"]
        assert list((await balancer.state())["replica"]) == ["here-0"]

    play(scene)


@pytest.mark.parametrize("across", ["steal-average", "steal-small"])
def test_an_idle_balancer_steals_what_waits_elsewhere(play: Play, across: str) -> None:
    async def scene(world: World) -> None:
        near, here, far, there = await two_regions(world, switches={"across": across})
        waiting = {}
        for text in ("first", "second"):  # of one request in all the average has none to move
            waiting[text] = await here.connect()
            waiting[text].chat(text)
        asked = await far.request()
        wire = waiting["first" if b"first" in asked.body else "second"]
        asked.answer_json({"stolen": 1})
        response = await wire.response()
        assert response.json() == {"stolen": 1}
        assert response.headers["x-nightshift-hops"] == "1"
        assert response.headers["x-nightshift-served-by"] == "region-there"
        assert near.idle
        assert (await here.state())["counters"]["stolen"] >= 1
        for each in waiting.values():
            each.leave()
        await nothing_left(here, there)

    play(scene)


def test_a_peer_by_another_name_is_not_trusted_with_anything(play: Play) -> None:
    async def scene(world: World) -> None:
        here = await world.balancer()
        stranger = await world.balancer(await world.engine(), name="stranger")
        body = f'{{"peers":[{{"id":"there","address":"{stranger.address}"}}]}}'.encode()
        wire = await here.connect()
        head = f"PUT /nightshift/targets HTTP/1.1\r\nHost: x\r\nx-nightshift-peer-token: {TOKEN}\r\n"
        wire.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await wire.response()
        await here.until(lambda s: not s["peer"]["there"]["reachable"])

    play(scene)


def test_naming_the_same_targets_again_disturbs_nothing(play: Play) -> None:
    async def scene(world: World) -> None:
        near, here, _, there = await two_regions(world)
        for _ in range(5):
            await world.introduce(here, [near], [there])
            wire = await here.connect()
            wire.get("/health")
            assert (await wire.response()).json() == {"status": "ok", "replicas": 1, "peers": 1}

    play(scene)


def test_targets_change_while_a_request_runs(play: Play) -> None:
    async def scene(world: World) -> None:
        old, new = await world.engine(), await world.engine()
        balancer = await world.balancer(old)
        wire = await balancer.connect()
        wire.chat()
        asked = await old.request()
        await world.introduce(balancer, [new], [])
        asked.answer_json({"old": 1})
        assert (await wire.response()).json() == {"old": 1}
        await asked.abandoned()
        wire.chat()
        (await new.request()).answer_json({"new": 1})
        assert (await wire.response()).json() == {"new": 1}
        await nothing_left(balancer)

    play(scene)
