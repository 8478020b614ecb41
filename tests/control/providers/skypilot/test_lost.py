"""Whatever is lost or cannot be asked, a unit is neither forgotten nor launched twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.control.providers.contract import launched
from tests.control.providers.skypilot.lives import ONE, Bench, story
from tests.control.providers.skypilot.recorded import State

from nightshift.control.providers.base import Phase, ProviderError

CLOUD_IS_DOWN = RuntimeError("connection reset")


def queries_break(what: str) -> Callable[[Path], None]:
    @story
    async def life(bench: Bench) -> None:
        before = await launched(bench, "svc-r1")
        other = await launched(bench, "svc-r2")
        bench.sky.broken = {f"{what} {ONE}": CLOUD_IS_DOWN}
        units = await bench.provider.describe("svc")
        assert units["svc-r2"] == other
        assert "connection reset" in units["svc-r1"].problem
        assert (units["svc-r1"].phase, units["svc-r1"].address) == (Phase.RUNNING, before.address)
        anew = await bench.unit(bench.again())
        assert (anew.phase, anew.address) == (Phase.RUNNING, before.address)
        assert "connection reset" in anew.problem
        bench.sky.broken = {}
        assert await bench.unit() == before

    return life


@pytest.mark.parametrize("what", ["queue", "endpoints"])
def test_a_unit_that_cannot_be_asked_is_as_it_was(what: str, tmp_path: Path) -> None:
    queries_break(what)(tmp_path)


@story
async def test_a_unit_never_seen_that_cannot_be_asked_is_launching(bench: Bench) -> None:
    await bench.begin()
    await bench.finish("svc-r1")
    bench.sky.broken = {"queue": CLOUD_IS_DOWN}
    unit = await bench.unit()
    assert unit.phase is Phase.LAUNCHING
    assert "connection reset" in unit.problem


@story
async def test_without_any_answer_nothing_is_said(bench: Bench) -> None:
    await launched(bench, "svc-r1")
    for call in ("status", "api_status"):
        bench.sky.broken = {call: CLOUD_IS_DOWN}
        with pytest.raises(ProviderError, match="connection reset"):
            await bench.provider.describe("svc")


@story
async def test_a_port_that_closes_for_a_moment_ends_nothing(bench: Bench) -> None:
    await bench.begin()
    await bench.finish("svc-r1")
    bench.sky.ports_open = False
    assert (await bench.unit()).phase is Phase.LAUNCHING
    bench.sky.ports_open = True
    before = await bench.unit()
    assert (before.phase, before.address) == (Phase.RUNNING, "10.0.0.1:8081")
    bench.sky.ports_open = False
    assert await bench.unit() == before
    assert await bench.unit(bench.again()) == before


@story
async def test_a_machine_that_is_looked_after_keeps_its_unit(bench: Bench) -> None:
    before = await launched(bench, "svc-r1")
    bench.sky.there[ONE]["status"] = State.INIT
    unit = await bench.unit(bench.again())
    assert (unit.phase, unit.address) == (Phase.RUNNING, before.address)
    assert unit.problem


@story
async def test_a_unit_that_was_only_found_has_not_run_yet(bench: Bench) -> None:
    await launched(bench, "svc-r1")
    bench.sky.there[ONE]["job"] = State.SETTING_UP
    anew = bench.without_records()
    await bench.begin(anew)
    bench.sky.broken = {"queue": CLOUD_IS_DOWN}
    assert (await bench.unit(anew)).phase is Phase.LAUNCHING
    bench.sky.broken = {}
    del bench.sky.there[ONE]
    assert (await bench.unit(anew)).phase is Phase.STOPPED


@story
async def test_dying_before_skypilot_took_the_launch_leaves_nothing(bench: Bench) -> None:
    bench.intend()
    assert await bench.provider.describe("svc") == {}
    await bench.begin()
    assert bench.sky.count("launch") == 1
    assert (await bench.unit()).phase is Phase.LAUNCHING


@story
async def test_dying_before_the_id_was_written_launches_once(bench: Bench) -> None:
    await bench.begin()
    bench.intend()
    for provider in (bench.again(), bench.without_records()):
        assert (await bench.unit(provider)).phase is Phase.LAUNCHING
        await bench.begin(provider)
    assert bench.sky.count("launch") == 1
    bench.sky.fail(ONE, ValueError("Invalid image"), gone=True)
    unit = await bench.unit(bench.again())
    assert unit.phase is Phase.FAILED
    assert "Invalid image" in unit.problem


@pytest.mark.parametrize(
    "state", [State.SETTING_UP, State.RUNNING, State.SUCCEEDED, State.FAILED, State.FAILED_SETUP]
)
def test_a_job_that_is_there_is_not_submitted_again(state: State, tmp_path: Path) -> None:
    @story
    async def life(bench: Bench) -> None:
        await launched(bench, "svc-r1")
        bench.sky.there[ONE]["job"] = state
        bench.sky.forget_requests()
        before = await bench.unit()
        anew = bench.without_records()
        assert await bench.unit(anew) == before
        await bench.begin(anew)
        assert await bench.unit(anew) == before
        assert bench.sky.count("launch") == 1

    life(tmp_path)


@story
async def test_a_launch_that_was_cut_off_is_said_and_taken_up(bench: Bench) -> None:
    await bench.begin()
    bench.sky.forget_requests()
    unit = await bench.unit()
    assert unit.phase is Phase.FAILED
    assert "cut off" in unit.problem
    await bench.begin(bench.without_records())
    assert bench.sky.count("launch") == 2


@story
async def test_a_cluster_that_was_made_without_its_job_gets_it(bench: Bench) -> None:
    await launched(bench, "svc-r1")
    bench.sky.there[ONE]["job"] = None
    unit = await bench.unit()
    assert unit.phase is Phase.FAILED
    assert "not among the jobs" in unit.problem
    bench.sky.forget_requests()
    await bench.begin(bench.without_records())
    assert bench.sky.count("launch") == 2


@story
async def test_a_stopped_or_sick_machine_is_not_launched_again(bench: Bench) -> None:
    await launched(bench, "svc-r1")
    bench.sky.forget_requests()
    for status, kind in ((State.STOPPED, None), (State.INIT, "unhealthy")):
        bench.sky.there[ONE] |= {"status": status, "init_kind": kind}
        anew = bench.without_records()
        await bench.begin(anew)
        assert (await bench.unit(anew)).phase is Phase.STOPPED
    assert bench.sky.count("launch") == 1


@story
async def test_a_launch_that_was_never_written_down_is_ended(bench: Bench) -> None:
    await bench.begin()
    request = bench.sky.there[ONE]["request"]
    await bench.without_records().terminate("svc-r1", 0)
    assert bench.sky.state_of[request] == "CANCELLED"
    assert bench.sky.there == {}


@story
async def test_giving_up_a_launch_does_not_let_another_in(bench: Bench) -> None:
    first = asyncio.create_task(bench.begin())
    await asyncio.sleep(0)
    first.cancel()
    await bench.begin()
    assert bench.sky.count("launch") == 1


@story
async def test_a_unit_without_its_record_has_its_address_again(bench: Bench) -> None:
    before = await launched(bench, "svc-r1")
    anew = bench.without_records()
    assert await bench.unit(anew) == before
    opened = SimpleNamespace(launched_resources=SimpleNamespace(ports=["8081"], zone=""))
    bench.sky.there[ONE] |= {"last_creation_yaml": None, "handle": opened}
    assert (await bench.unit(anew)).address == before.address
    opened.launched_resources.ports = ["8081", "9000-9010"]
    unit = await bench.unit(anew)
    assert (unit.phase, unit.address) == (Phase.RUNNING, None)
    assert "port is not known" in unit.problem
    await bench.begin(anew)
    assert await bench.unit(anew) == before


@story
async def test_records_of_launches_that_never_came_are_cleaned_up(bench: Bench) -> None:
    bench.intend()
    assert await bench.provider.leftovers("svc")
    await bench.provider.clean_up("svc")
    assert await bench.provider.leftovers("svc") == []


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"kind": "r", "of_another_version": 1}'])
def test_a_record_that_cannot_be_read_is_lost(content: str, tmp_path: Path) -> None:
    @story
    async def life(bench: Bench) -> None:
        before = await launched(bench, "svc-r1")
        [path] = bench.folder.glob("*/*.json")
        path.write_text(content)
        assert await bench.unit() == before
        await bench.begin()
        assert await bench.unit() == before
        assert bench.sky.count("launch") == 1
        await bench.provider.terminate("svc-r1", 0)
        assert await bench.provider.leftovers("svc") == []

    life(tmp_path)
