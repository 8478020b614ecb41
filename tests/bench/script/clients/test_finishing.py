"""From a folder that has been collected to its summary, and to a report."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.bench.script.clients.stand_in import StandIn, record
from tests.bench.script.test_bash import plan_of
from tests.bench.script.views import view

from nightshift.bench.results import ResultFolder
from nightshift.bench.script.clients.collecting import Collected, collect
from nightshift.bench.script.clients.finishing import summarize
from nightshift.bench.script.run_file import run_of
from nightshift.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A result folder of two systems, of which one has been collected."""
    plan = plan_of(tmp_path)
    engine = {"text": "emulated l4", "emulated": True, "speed": 6.0}
    run = run_of(
        plan, [view("svc2", engine=engine, wan="aws-2025-05-29")], ["nightshift", "bench", "gen-cmd"]
    )
    path = tmp_path / "results"
    path.mkdir()
    (path / "run.json").write_bytes(orjson.dumps(run))
    clients = StandIn(tmp_path / "there")
    for region in plan.regions:
        clients.leave(region, [record(1, 5), record(2, 29), record(3, 4, "status 503")])
    to = path / "systems" / "2-sky_pull_pull" / "rep-1"
    asyncio.run(collect(clients, Collected("job", plan.regions, to, None, 1.0, 30.0)))
    return path


def read(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def test_the_summary_has_what_was_collected(folder: Path) -> None:
    path = summarize(folder)
    summary = read(path)
    (row,) = summary["systems"]
    assert (row["suffix"], row["state"], row["why"]) == ("sky_pull_pull", "finished", None)
    assert (row["requests"], row["failed"]) == (6, 2)
    assert len(row["repetitions"]) == summary["repetitions"] == 1
    assert summary["data"] == read(folder / "run.json")["data"] == "synthetic: a test"


def test_it_reads_as_any_result_folder(folder: Path) -> None:
    summarize(folder)
    results = ResultFolder(folder)
    (system,) = results.systems
    assert results.repetitions(system) == (1,)
    assert len(results.records(system)) == 6
    assert results.run["wan_rtt_ms"] == {"us-east-2 - ap-northeast-1": pytest.approx(135, abs=40)}
    assert results.run["emulated"]


def test_a_folder_without_results_is_told(tmp_path: Path, folder: Path) -> None:
    (folder / "systems" / "2-sky_pull_pull" / "rep-1" / "done.json").unlink()
    with pytest.raises(UserError, match="has no results yet"):
        summarize(folder)
    with pytest.raises(UserError, match=r"run.json is missing"):
        summarize(tmp_path)
    (folder / "run.json").write_text("{")
    with pytest.raises(UserError, match=r"run.json:1: not JSON"):
        summarize(folder)
