"""Goals are met, missed or not measured; never silently met."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import orjson
import pytest

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.goals import Goal, goals

MakeSummary = Callable[..., dict[str, Any]]


def reached(summary: dict[str, Any]) -> dict[str, str]:
    return {goal.what: goal.verdict for goal in goals(orjson.loads(orjson.dumps(summary)))}


def test_a_plain_cell(make_summary: MakeSummary) -> None:
    assert reached(make_summary(Cell("small-hot-200", connections=200))) == {
        "CPU per request, of sglang-router's": "met",  # 60 of 150: 0.4
        "CPU per request, of nginx's": "met",  # 60 of 25: 2.4
        "added p99 beyond sglang-router's": "met",  # 5 ms against 9 ms
    }


def test_a_stream_cell(make_summary: MakeSummary) -> None:
    assert reached(make_summary(Cell("s", stream=True, connections=50))) == {
        "CPU per chunk, of sglang-router's": "met"
    }


def test_a_cold_cell_speaks_of_memory(make_summary: MakeSummary) -> None:
    what = "memory growth per distinct prompt, of sglang-router's"
    assert reached(make_summary(Cell("c", cold=True)))[what] == "missed"  # both grew the same
    assert reached(make_summary(Cell("c", cold=True), rss_growth_bytes=0))[what] == "not measured"


def test_a_hand_over_has_no_goal(make_summary: MakeSummary) -> None:
    assert reached(make_summary(Cell("h", hops=2))) == {}


def test_without_the_other_nothing_is_reached(make_summary: MakeSummary) -> None:
    summary = make_summary(Cell("small-hot-1"))
    for cell in summary["cells"]:
        cell["contestants"] = [row for row in cell["contestants"] if row["id"] == "nightshift"]
    assert set(reached(summary).values()) == {"not measured"}


@pytest.mark.parametrize(("value", "verdict"), [(0.45, "met"), (0.451, "missed"), (None, "not measured")])
def test_verdicts(value: float | None, verdict: str) -> None:
    goal = Goal("a", "b", value, 0.45)
    assert goal.verdict == verdict
    assert asdict(goal)["bound"] == 0.45
