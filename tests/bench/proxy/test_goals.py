"""Goals are met, missed or not measured; never silently met."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.goals import NEVER_MEASURED, Goal, goals, not_measured

MakeSummary = Callable[..., dict[str, Any]]


def reached(summary: dict[str, Any]) -> dict[str, str]:
    return {goal.what: goal.verdict for goal in goals(summary)}


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


def test_the_other_parts(make_parts: Callable[[], dict[str, Any]]) -> None:
    found = reached(make_parts())
    assert len(found) == 9
    assert set(found.values()) == {"met"}


def test_without_a_small_budget_the_bound_is_not_measured(make_parts: Callable[[], dict[str, Any]]) -> None:
    summary = make_parts()
    memory = summary["parts"]["memory"]
    memory["rows"] = [row for row in memory["rows"] if row["id"] != "nightshift-small"]
    assert reached(summary)["growth in all, of the budget"] == "not measured"


def test_a_bound_that_was_not_reached_is_not_flat(make_parts: Callable[[], dict[str, Any]]) -> None:
    summary = make_parts()
    summary["parts"]["memory"]["rows"][-1]["full_by_half"] = False
    assert reached(summary)["growth per prompt behind the bound, of that before"] == "not measured"


def test_cost_that_grows_with_the_replicas_is_missed(make_parts: Callable[[], dict[str, Any]]) -> None:
    summary = make_parts()
    for row in summary["parts"]["choosing"]["rows"]:
        row["us"] = row["replicas"]
    found = reached(summary)
    assert found["cost of a decision, 1,000 replicas of 100"] == "missed"
    assert found["cost of a decision, prompts of 1,000 bytes of 100"] == "met"


def test_what_was_not_run_is_named(make_parts: Callable[[], dict[str, Any]]) -> None:
    assert not_measured(make_parts())[0] == "requests and streams beside the other proxies"
    assert len(not_measured({"parts": {}})) == 5 + len(NEVER_MEASURED)


def test_a_hand_over_has_no_goal(make_summary: MakeSummary) -> None:
    assert reached(make_summary(Cell("h", hops=2))) == {}


def test_without_the_other_nothing_is_reached(make_summary: MakeSummary) -> None:
    summary = make_summary(Cell("small-hot-1"))
    for cell in summary["parts"]["cells"]["cells"]:
        cell["contestants"] = [row for row in cell["contestants"] if row["id"] == "nightshift"]
    assert set(reached(summary).values()) == {"not measured"}


def test_a_lower_bound() -> None:
    assert [Goal("a", "b", value, 0.8, at_least=True).verdict for value in (0.8, 0.7)] == ["met", "missed"]


@pytest.mark.parametrize(("value", "verdict"), [(0.45, "met"), (0.451, "missed"), (None, "not measured")])
def test_verdicts(value: float | None, verdict: str) -> None:
    goal = Goal("a", "b", value, 0.45)
    assert goal.verdict == verdict
    assert asdict(goal)["bound"] == 0.45
