"""What the figures show, loaded once: latencies by region and samples of each system.

A box is over the same requests as the percentiles of `bench.measures`, so both agree: TTFT of those that
started after the warm-up, did not fail and had a first token; E2E of those that finished. The others have
no latency, so they are counted here and named in the captions: a system must not look quick because its
slow requests are missing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.bench.results import Json, ResultFolder, SystemResult

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SystemData:
    """One system, as the figures need it. Latencies in seconds, by the region of the client."""

    system: SystemResult
    ttft_s: dict[str, Floats]
    e2e_s: dict[str, Floats]
    without_ttft: int
    """Requests after the warm-up that failed or had no first token when the run ended."""
    without_e2e: int
    """Requests after the warm-up that failed or were still running when the run ended."""
    samples: list[Json]


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
    def subtitle(self) -> str:
        """Engine (with the word emulated, where it is), workload and users."""
        parts = [engine_label(self.run), str(self.run.get("workload", ""))]
        if users := total_users(self.run):
            parts.append(f"{users} users")
        return " · ".join(part for part in parts if part)


def missing_note(run: RunData, count: Callable[[SystemData], int]) -> str:
    """Make a sentence on the requests that a latency figure cannot show, or nothing if it shows all."""
    counts = [f"{data.system.id}: {count(data):,}" for data in run.systems if count(data) > 0]
    if not counts:
        return ""
    return (
        f" Not in the boxes, because they failed or were unfinished (system: requests): {', '.join(counts)}."
    )


def engine_label(run: Json) -> str:
    """Name the engine; an emulated one always carries the word."""
    engine = str(run.get("engine", "unknown engine"))
    if run.get("emulated") and "emulated" not in engine:
        return f"emulated {engine}"
    return engine


def total_users(run: Json) -> int:
    """Users over all regions; 0 where the run does not say."""
    regions = (run.get("regions") or {}).values()
    return sum(int(region.get("users") or 0) for region in regions)


def load_run(folder: ResultFolder) -> RunData:
    """Read what the figures need from a result folder."""
    return RunData(folder.run, tuple(_load_system(folder, system) for system in folder.systems))


def _load_system(folder: ResultFolder, system: SystemResult) -> SystemData:
    warmup_s = float(folder.run.get("warmup_s") or 0.0)
    counted = [record for record in folder.records(system) if record.start >= warmup_s]
    ttft: dict[str, list[float]] = defaultdict(list)
    e2e: dict[str, list[float]] = defaultdict(list)
    for record in counted:
        if record.failed is None and record.ttft is not None:
            ttft[record.region].append(record.ttft)
        if record.finished and record.e2e_latency is not None:
            e2e[record.region].append(record.e2e_latency)
    return SystemData(
        system,
        _arrays(ttft),
        _arrays(e2e),
        without_ttft=len(counted) - sum(map(len, ttft.values())),
        without_e2e=len(counted) - sum(map(len, e2e.values())),
        samples=folder.samples(system),
    )


def _arrays(values: dict[str, list[float]]) -> dict[str, Floats]:
    return {region: np.asarray(numbers, dtype=np.float64) for region, numbers in values.items()}


def pooled(by_region: dict[str, Floats]) -> Floats:
    """Join the values of all regions."""
    return np.concatenate([*by_region.values()]) if by_region else np.empty(0)


def number(value: object) -> float:
    """Return a JSON number, or NaN where there is none: NaN draws nothing and is no zero."""
    return float(value) if isinstance(value, int | float) else float("nan")


def csv_value(value: float) -> str:
    """Write a number for a CSV cell: empty where there is none, six significant digits else."""
    return "" if np.isnan(value) else f"{value:.6g}"


def csv_rows(rows: Iterable[tuple[object, ...]]) -> list[tuple[str, ...]]:
    """Turn cells into text, floats by `csv_value`."""
    return [tuple(csv_value(cell) if isinstance(cell, float) else str(cell) for cell in row) for row in rows]
