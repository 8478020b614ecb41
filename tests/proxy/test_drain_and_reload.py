"""Draining a balancer, and changing its settings, under requests that must not notice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.proxy.test_exchange import nothing_left
from tests.proxy.test_failures import TEXT

from nightshift.errors import UserError
from nightshift.proxy.settings import Settings, Targets

if TYPE_CHECKING:
    from tests.proxy.conftest import Asked, Engine, Play, Running, Wire, World


async def streaming(engine: Engine, balancer: Running) -> tuple[Wire, Asked]:
    """Return a client amid a stream, and its engine's side."""
    wire = await balancer.connect()
    wire.chat(stream=True)
    asked = await engine.request()
    asked.begin_stream()
    asked.chunk(TEXT)
    await wire.head()
    await wire.chunk()
    return wire, asked


def changed(balancer: Running, **settings: object) -> Settings:
    old = balancer.server.settings
    return Settings.model_validate({**old.model_dump(), "peer_token": old.peer_token, **settings})


def test_draining_finishes_what_runs_and_refuses_what_comes(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        running, asked = await streaming(engine, balancer)
        idle = await balancer.connect()
        draining = asyncio.create_task(balancer.server.drain(10))
        await balancer.until(lambda s: s["draining"])
        for late in (idle, await balancer.connect()):
            late.chat()
            refused = await late.response()
            assert (refused.status, refused.json()["error"]["code"]) == (503, "draining")
            assert int(refused.headers["retry-after"]) >= 1
            assert refused.headers["connection"] == "close"
            assert await late.rest() == b""
        for path, status in (("/health", 503), ("/nightshift/health", 200)):  # not ready, but alive
            late = await balancer.connect()
            late.get(path)
            assert (await late.response()).status == status
        asked.chunk(TEXT)
        assert await running.chunk() == TEXT
        assert not draining.done()
        asked.end_stream()
        assert await running.chunk() == b""
        assert await draining is True
        await nothing_left(balancer)

    play(scene)


def test_draining_gives_up_when_its_time_is_over(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        await streaming(engine, balancer)
        assert await balancer.server.drain(0.01) is False

    play(scene)


def test_a_new_policy_and_new_limits_leave_a_stream_alone(play: Play) -> None:
    async def scene(world: World) -> None:
        engine, other = await world.engine(), await world.engine()
        balancer = await world.balancer(engine)
        wire, asked = await streaming(engine, balancer)
        replicas = [{"id": "here-1", "address": other.address}]
        names = balancer.server.reload(
            changed(
                balancer,
                switches={"replica_policy": "round_robin"},
                limits={"body_bytes": 100},
                replicas=replicas,
            )
        )
        assert sorted(names) == ["limits", "replicas", "switches"]
        asked.chunk(TEXT)
        assert await wire.chunk() == TEXT
        asked.end_stream()
        assert await wire.chunk() == b""
        fresh = await balancer.connect()
        fresh.chat("x" * 100)
        assert (await fresh.response()).status == 413
        fresh = await balancer.connect()
        fresh.chat("x")
        (await other.request()).answer_json({})
        response = await fresh.response()
        assert response.headers["x-nightshift-reason"] == "round_robin"
        assert response.headers["x-nightshift-replica"] == "here-1"
        await nothing_left(balancer)

    play(scene)


def test_new_limits_hold_on_connections_that_are_kept_open(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        for _ in range(2):  # the second head is like the first, and is not judged again
            wire.chat("x" * 100)
            (await engine.request()).answer_json({})
            assert (await wire.response()).status == 200
        limits = {"body_bytes": 100, "idle_connections": 0}
        balancer.server.reload(changed(balancer, limits=limits))
        wire.chat("x")
        (await engine.request()).answer_json({})
        assert (await wire.response()).status == 200
        assert balancer.server.dispatcher.replicas["here-0"].idle == 0
        wire.chat("x" * 100)
        assert (await wire.response()).status == 413
        await nothing_left(balancer)

    play(scene)


def test_what_waits_is_placed_by_the_new_settings(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        engine.page = engine.page.replace("waiting 0", "waiting 3")
        await balancer.until(lambda s: s["replica"]["here-0"]["pending"] == 3)
        wire = await balancer.connect()
        wire.chat()
        await balancer.until(lambda s: s["queue"] == 1)
        balancer.server.reload(changed(balancer, switches={"to_replicas": "blind"}))
        (await engine.request()).answer_json({"placed": 1})
        assert (await wire.response()).json() == {"placed": 1}
        await nothing_left(balancer)

    play(scene)


def test_what_cannot_change_is_said_and_nothing_changes(play: Play) -> None:
    async def scene(world: World) -> None:
        balancer = await world.balancer()
        with pytest.raises(UserError, match="region: only a new process can change this"):
            balancer.server.reload(changed(balancer, region="elsewhere", limits={"body_bytes": 1}))
        assert balancer.server.settings.limits.body_bytes > 1

    play(scene)


def test_settings_that_are_told_leave_targets_and_streams_alone(play: Play) -> None:
    async def scene(world: World) -> None:
        engine, other = await world.engine(), await world.engine()
        balancer = await world.balancer(engine)
        running, asked = await streaming(engine, balancer)
        targets = Targets.model_validate({"replicas": [{"id": "new", "address": f"http://{other.address}"}]})
        balancer.server.change_targets(targets)
        assert balancer.server.change({"limits": {"total_s": 77.0}}) == ["limits"]
        assert balancer.server.settings.limits.total_s == 77.0
        assert list(balancer.server.dispatcher.replicas) == ["new"]
        with pytest.raises(UserError, match="name: only a new process"):
            balancer.server.change({"name": "another"})
        with pytest.raises(UserError, match="the new settings: limits"):
            balancer.server.change({"limits": {"total_s": -1}})
        asked.chunk(TEXT)
        assert await running.chunk() == TEXT
        asked.end_stream()
        assert await running.chunk() == b""

    play(scene)
