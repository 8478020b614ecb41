"""What the figures show of one run: latencies by region, samples and figures of each system."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.bench.figures.names import engine_label, shown_name, time_label
from nightshift.bench.figures.palette import Look
from nightshift.bench.figures.style import system_label
from nightshift.bench.records import RequestRecord
from nightshift.bench.results import Json, SystemResult
from nightshift.bench.statistics import HOW

Floats = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True)
class SystemData:
    """One system, as the figures need it. Latencies in seconds, by the region of the client."""

    system: SystemResult
    look: Look
    ttft_s: dict[str, Floats]
    e2e_s: dict[str, Floats]
    without_ttft: int
    """Requests after the warm-up that failed or had no first token when the run ended."""
    without_e2e: int
    """Requests after the warm-up that failed or were still running when the run ended."""
    samples: list[Json]
    """Of the first repetition that was sampled."""
    read_records: Callable[[], list[RequestRecord]]
    """Reads the records of the first repetition; nothing is kept of them."""

    @property
    def name(self) -> str:
        """What the system is called."""
        return shown_name(self.system.figures)

    @property
    def label(self) -> str:
        """Number and name on an axis."""
        return system_label(self.system.id, self.name)

    @property
    def key(self) -> tuple[str, str, str]:
        """The cells of `KEY`."""
        number = self.system.id
        return ("" if number is None else str(number), self.system.suffix, self.name)

    def figure(self, path: str) -> float:
        """Read a dotted figure of the summary; NaN where there is none."""
        return number(value_at(self.system.figures, path))

    def interval(self, path: str) -> Interval | None:
        """The 95 % interval of a dotted figure; None where it is not known."""
        found = self.system.intervals.get(path)
        if found is None or any(value is None for value in found):
            return None
        low, high = found
        return float(low), float(high)


KEY = ("id", "system", "legend")
"""The columns that name a system in each CSV."""


@dataclass(frozen=True)
class RunData:
    """All systems of a run, and the line that says what ran."""

    run: Json
    systems: tuple[SystemData, ...]

    @property
    def regions(self) -> tuple[str, ...]:
        """Client regions: those of `run.json` first, in its order, then any other that has records."""
        named = dict.fromkeys(self.run.get("regions") or ())
        seen = {region: None for data in self.systems for region in data.ttft_s}
        return tuple(named | seen)

    @property
    def title(self) -> str:
        """The experiment's name."""
        return str(self.run.get("experiment") or self.run.get("workload") or "run")

    @property
    def repetitions(self) -> int:
        """How often each system was run."""
        return int(self.run.get("repetitions") or 1)

    @property
    def replicas(self) -> int:
        """Replicas over all regions; 0 where the run does not say."""
        return _total(self.run, "replicas")

    @property
    def subtitle(self) -> str:
        """Engine (with the word emulated, where it is), time, workload, users, repetitions, data."""
        users = total_users(self.run)
        parts = (
            engine_label(self.run),
            time_label(self.run),
            str(self.run.get("workload", "")),
            f"{users} users" if users else "",
            f"{self.repetitions} repetitions" if self.repetitions > 1 else "one repetition",
            str(self.run.get("data") or ""),
        )
        return " · ".join(part for part in parts if part)

    @property
    def interval_note(self) -> str:
        """What the error bars are, or that there are none."""
        if self.repetitions < 2:
            return " One repetition: no intervals."
        return f" Lines: 95 % intervals ({HOW}) over {self.repetitions} repetitions."


def missing_note(run: RunData, count: Callable[[SystemData], int]) -> str:
    """Make a sentence on the requests that a latency figure cannot show, or nothing if it shows all."""
    counts = [f"{data.name}: {count(data):,}" for data in run.systems if count(data) > 0]
    if not counts:
        return ""
    return f" Not in the boxes, because they failed or were unfinished (requests): {', '.join(counts)}."


def total_users(run: Json) -> int:
    """Users over all regions; 0 where the run does not say."""
    return _total(run, "users")


def _total(run: Json, key: str) -> int:
    return sum(int(region.get(key) or 0) for region in (run.get("regions") or {}).values())


def pooled(by_region: dict[str, Floats]) -> Floats:
    """Join the values of all regions."""
    return np.concatenate([*by_region.values()]) if by_region else np.empty(0)


def value_at(row: Json, path: str) -> object:
    """Follow keys joined by dots; None where the way ends."""
    found: object = row
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def number(value: object) -> float:
    """Return a JSON number, or NaN where there is none: NaN draws nothing and is no zero."""
    return float(value) if isinstance(value, int | float) else float("nan")


def csv_value(value: float) -> str:
    """Write a number for a CSV cell: empty where there is none, six significant digits else."""
    return "" if np.isnan(value) else f"{value:.6g}"


def csv_rows(rows: Iterable[tuple[object, ...]]) -> list[tuple[str, ...]]:
    """Turn cells into text, floats by `csv_value`, None into nothing."""
    return [
        tuple(
            "" if cell is None else csv_value(cell) if isinstance(cell, float) else str(cell) for cell in row
        )
        for row in rows
    ]
