"""Probing replicas: what an engine says reaches the balancer, and silence counts as failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proxy.conftest import Play, World


def pending_is(count: int) -> Callable[[dict[str, Any]], bool]:
    return lambda state: state["replica"]["here-0"]["pending"] == count


def test_reports_reach_the_balancer_over_one_connection(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        connections = len(engine.connections)
        for pending in (1, 5, 0):
            engine.page = (
                f"sglang:num_queue_reqs 0\nsglang:num_running_reqs 4\nsglang:token_usage 0.{pending}\n"
            )
            engine.page = engine.page.replace("reqs 0", f"reqs {pending}")
            state = await balancer.until(pending_is(pending))
            assert state["replica"]["here-0"]["running"] == 4
            assert state["replica"]["here-0"]["kv_use"] == pytest.approx(pending / 10)
            assert state["replica"]["here-0"]["available"] == (pending == 0)
        assert len(engine.connections) == connections

    play(scene)


def test_a_silent_engine_is_asked_once_until_its_time_is_up(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"probe_s": 0.3})
        engine.silent = True
        await balancer.until(lambda s: not s["replica"]["here-0"]["reachable"])
        assert 1 <= len(engine.probes) <= 2, "the one given up, and perhaps the next"
        await engine.probes[0].abandoned()
        engine.silent = False
        await balancer.until(lambda s: s["replica"]["here-0"]["available"])

    play(scene)


@pytest.mark.parametrize("page", ["<html>502 Bad Gateway</html>", "[{"])
def test_a_page_that_is_no_metrics_makes_a_replica_unavailable(play: Play, page: str) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        engine.page = page
        await balancer.until(lambda s: not s["replica"]["here-0"]["available"])

    play(scene)


def test_an_engine_that_comes_back_is_used_again(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        engine.stop()
        await world.heard_from(balancer, replicas=0)
        again = await world.engine()
        again.address, old = engine.address, again.address
        await world.introduce(balancer, [again], [])
        await balancer.until(lambda s: not s["replica"]["here-0"]["available"])
        again.address = old
        await world.introduce(balancer, [again], [])
        await world.heard_from(balancer, replicas=1)

    play(scene)
