"""What the project wants to reach, and whether a run reached it. Pure.

A goal is a bound on a figure of one run, mostly a median of ratios or differences. What this benchmark does
not measure is named too, so that nobody takes silence for success.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nightshift.bench.proxy.choosing import growth
from nightshift.bench.proxy.contestants import COMPILED, OURS
from nightshift.bench.proxy.memory import SMALL

ROUTER = "sglang-router"
NEVER_MEASURED = (
    "open-loop load: the plain cells are closed loops, whose latency contains the load that they make",
    "a network: all is on the loopback of one machine",
    "TLS",
)
_WITHOUT_PART = {
    "cells": "requests and streams beside the other proxies",
    "memory": "memory after many distinct prompts",
    "open-streams": "thousands of streams open at once",
    "choosing": "the cost of choosing a target",
    "processes": "more than one core",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal in one cell or part. `bound` is an upper bound for `value`, or with `at_least` a lower one."""

    what: str
    cell: str
    value: float | None
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """`met`, `missed` or `not measured`."""
        if self.value is None:
            return "not measured"
        met = self.value >= self.bound if self.at_least else self.value <= self.bound
        return "met" if met else "missed"


def goals(summary: dict[str, Any]) -> list[Goal]:
    """Return every goal of every part that was measured."""
    parts = summary["parts"]
    return [goal for name, of_part in _GOALS.items() if name in parts for goal in of_part(parts[name])]


def not_measured(summary: dict[str, Any]) -> list[str]:
    """Return what the summary says nothing about."""
    missing = [what for name, what in _WITHOUT_PART.items() if name not in summary["parts"]]
    return [*missing, *NEVER_MEASURED]


def _of_cells(part: dict[str, Any]) -> Iterator[Goal]:
    for cell in part["cells"]:
        if cell["hops"] == 1:
            yield from _stream_goals(cell) if cell["stream"] else _plain_goals(cell)


def _plain_goals(cell: dict[str, Any]) -> Iterator[Goal]:
    name = cell["name"]
    for build, ratio in _builds(cell):
        yield Goal(f"CPU per request{build}, of {ROUTER}'s", name, _median(cell, ROUTER, ratio), 0.45, "x")
        yield Goal(f"CPU per request{build}, of nginx's", name, _median(cell, "nginx", ratio), 3.0, "x")
    if cell["connections"] == 200:
        yield _latency_goal(cell)


def _stream_goals(cell: dict[str, Any]) -> Iterator[Goal]:
    name = cell["name"]
    for build, ratio in _builds(cell):
        yield Goal(f"CPU per chunk{build}, of {ROUTER}'s", name, _median(cell, ROUTER, ratio), 0.7, "x")
    if cell["connections"] == 200:
        yield _latency_goal(cell)


def _builds(cell: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Walk the builds of ours that were measured: what to call each, and its ratio in others' rows."""
    yield "", "cpu_ratio"
    if any(row["id"] == COMPILED for row in cell["contestants"]):
        yield ", compiled", "cpu_ratio_compiled"


def _latency_goal(cell: dict[str, Any]) -> Goal:
    lead = _median(cell, ROUTER, "p99_lead_ms")
    behind = None if lead is None else -lead
    return Goal("added p99 beyond sglang-router's", cell["name"], behind, 0.0, "ms")


def _median(cell: dict[str, Any], contestant: str, figure: str) -> float | None:
    for row in cell["contestants"]:
        if row["id"] == contestant and row[figure] is not None:
            median: float = row[figure]["median"]
            return median
    return None


def _of_memory(part: dict[str, Any]) -> Iterator[Goal]:
    rows = {row["id"]: row for row in part["rows"]}
    ours, theirs, small = rows.get(OURS), rows.get(ROUTER), rows.get(SMALL)
    yield Goal(
        "growth per distinct prompt before a bound, of sglang-router's",
        *("memory", _ratio(ours and ours["growth_before"], theirs and theirs["growth_before"])),
        *(0.2, "x"),
    )
    yield Goal(
        "growth in all, of the budget",
        *("memory, small budget", _ratio(small and small["growth_bytes"], small and small["budget_bytes"])),
        *(1.0, "x"),
    )
    late = small["growth_late"] if small and small["full_by_half"] else None
    yield Goal(
        "growth per prompt behind the bound, of that before",
        *("memory, small budget", _ratio(late, ours and ours["growth_before"])),
        *(0.05, "x"),
    )


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other is not None and other > 0 else None


def _of_open_streams(part: dict[str, Any]) -> Iterator[Goal]:
    where = f"{part['streams']:,} open streams"
    row = next((row for row in part["rows"] if row["id"] == OURS), None)
    yield Goal("streams lost", where, row and row["lost"], 0.0)
    yield Goal("memory of a stream", where, row and row["bytes_per_stream"] / 1e3, 40.0, "kB")


def _of_choosing(part: dict[str, Any]) -> Iterator[Goal]:
    """Cost may grow as the logarithm of the replicas and as the length of the prompt, not faster."""
    rows = part["rows"]
    ways = list(dict.fromkeys((row["policy"], row["prompts"]) for row in rows))
    replicas = sorted({row["replicas"] for row in rows})
    sizes = sorted({row["prompt_bytes"] for row in rows})
    if len(replicas) < 2 or len(sizes) < 2:
        return
    for policy, prompts in ways:
        where = f"{policy}, {prompts}"
        by_replicas = growth(rows, _way(policy, prompts, prompt_bytes=sizes[0]), "replicas")
        bound = math.log(replicas[-1]) / math.log(replicas[-2]) if replicas[-2] > 1 else math.inf
        what = f"cost of a decision, {replicas[-1]:,} replicas of {replicas[-2]:,}"
        yield Goal(what, where, by_replicas, bound, "x")
        by_size = growth(rows, _way(policy, prompts, replicas=replicas[0]), "prompt_bytes")
        what = f"cost of a decision, prompts of {sizes[-1]:,} bytes of {sizes[-2]:,}"
        yield Goal(what, where, by_size, sizes[-1] / sizes[-2], "x")
    of_key = growth(part["keys"], lambda row: True, "prompt_bytes")
    what = f"cost of a prompt's key, {sizes[-1]:,} bytes of {sizes[-2]:,}"
    yield Goal(what, "any policy", of_key, sizes[-1] / sizes[-2], "x")


def _way(policy: str, prompts: str, **same: int) -> Callable[[dict[str, Any]], bool]:
    wanted = {"policy": policy, "prompts": prompts, **same}
    return lambda row: wanted.items() <= row.items()


def _of_processes(part: dict[str, Any]) -> Iterator[Goal]:
    for row in part["rows"]:
        if row["speedup"] is not None:
            reached = row["per_s"]["median"] / row["attainable_per_s"]
            yield Goal("requests/s, of what the cores allow", row["what"], reached, 0.8, "x", at_least=True)


_GOALS: dict[str, Callable[[dict[str, Any]], Iterator[Goal]]] = {
    "cells": _of_cells,
    "memory": _of_memory,
    "open-streams": _of_open_streams,
    "choosing": _of_choosing,
    "processes": _of_processes,
}
