"""What the project wants to reach, and whether a run reached it. Pure.

A goal is a bound on a median of ratios (or differences) within one run. Goals that this benchmark does not
measure are named too, so that nobody takes silence for success.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nightshift.bench.proxy.contestants import OURS

NOT_MEASURED = (
    "memory after 1,000,000 distinct prompts (here only the growth in the cold cells)",
    "10,000 streams open at once",
    "the cost of choosing a target with up to 1,000 replicas and prompts of 128k tokens",
    "more than one core",
    "open-loop load: the plain cells are closed loops, whose latency contains the load that they make",
    "a network: all is on the loopback of one machine",
    "TLS",
)


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal in one cell. `bound` is an upper bound for `value`."""

    what: str
    cell: str
    value: float | None
    bound: float
    unit: str = ""

    @property
    def verdict(self) -> str:
        """`met`, `missed` or `not measured`."""
        if self.value is None:
            return "not measured"
        return "met" if self.value <= self.bound else "missed"


def goals(summary: dict[str, Any]) -> list[Goal]:
    """Return every goal in every cell that it speaks about."""
    found: list[Goal] = []
    for cell in summary["cells"]:
        if cell["hops"] == 1:
            found += _stream_goals(cell) if cell["stream"] else _plain_goals(cell)
    return [*found, *_memory_goals(summary)]


def _plain_goals(cell: dict[str, Any]) -> Iterator[Goal]:
    name = cell["name"]
    yield Goal(
        "CPU per request, of sglang-router's", name, _median(cell, "sglang-router", "cpu_ratio"), 0.45, "x"
    )
    yield Goal("CPU per request, of nginx's", name, _median(cell, "nginx", "cpu_ratio"), 3.0, "x")
    if cell["connections"] == 200:
        yield _latency_goal(cell)


def _stream_goals(cell: dict[str, Any]) -> Iterator[Goal]:
    name = cell["name"]
    yield Goal(
        "CPU per chunk, of sglang-router's", name, _median(cell, "sglang-router", "cpu_ratio"), 0.7, "x"
    )
    if cell["connections"] == 200:
        yield _latency_goal(cell)


def _latency_goal(cell: dict[str, Any]) -> Goal:
    lead = _median(cell, "sglang-router", "p99_lead_ms")
    behind = None if lead is None else -lead
    return Goal("added p99 beyond sglang-router's", cell["name"], behind, 0.0, "ms")


def _memory_goals(summary: dict[str, Any]) -> Iterator[Goal]:
    for cell, growth in summary["growth_bytes_per_prompt"].items():
        ours, theirs = growth.get(OURS), growth.get("sglang-router")
        ratio = ours / theirs if ours is not None and theirs and theirs > 0 else None
        yield Goal("memory growth per distinct prompt, of sglang-router's", cell, ratio, 0.2, "x")


def _median(cell: dict[str, Any], contestant: str, figure: str) -> float | None:
    for row in cell["contestants"]:
        if row["id"] == contestant and row[figure] is not None:
            median: float = row[figure]["median"]
            return median
    return None
