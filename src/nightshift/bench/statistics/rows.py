"""Rows of `summary.json`: from the figures of each repetition to means, intervals and comparisons. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nightshift.bench.statistics.comparing import compare_all
from nightshift.bench.statistics.dotted import dotted, mean_of
from nightshift.bench.statistics.intervals import Interval, interval_of_mean

Figures = Mapping[str, Any]

COMPARED = (
    "weighted_token_per_s",
    "output_token_per_s",
    "request_per_s",
    "window_weighted_token_per_s",
    "goodput.share",
    "goodput.request_per_s",
    *(f"{name}.{part}" for name in ("ttft_s", "e2e_s") for part in ("mean", "p50", "p90", "p95", "p99")),
    "tpot_s.p50",
    "tpot_s.p90",
    "itl_s.p99",
    "prefix_hit_rate",
    "imbalance.mean",
    "failed",
    "unfinished",
)
"""The figures by which every two systems are compared: those that a reader ranks systems by."""
SHARES = frozenset({"prefix_hit_rate", "goodput.share"})
"""Figures that cannot be more than 1."""


def row_of(repetitions: Sequence[Figures]) -> dict[str, Any]:
    """Return the figures of a system: means over the repetitions, their intervals, each repetition's own.

    A repetition is what `measure_repetition` returns. Raises `ValueError` of none.
    """
    if not repetitions:
        raise ValueError("a system without a finished repetition has no row")
    regions = {name: None for one in repetitions for name in one["regions"]}
    own = [_without_regions(one) for one in repetitions]
    return {
        **_summed(own),
        "repetitions": own,
        "regions": {
            name: _summed([one["regions"][name] for one in repetitions if name in one["regions"]])
            for name in regions
        },
    }


def comparisons_of(
    systems: Mapping[str, Mapping[int, Figures]], seed: int, names: Sequence[str] = COMPARED
) -> list[dict[str, Any]]:
    """Return a row for every two systems and every figure that a repetition gave for both.

    `systems` is suffix -> number of the repetition -> its figures; equal numbers had equal seeds.
    """
    flat = {
        suffix: {number: dotted(_without_regions(figures)) for number, figures in repetitions.items()}
        for suffix, repetitions in systems.items()
    }
    return [{"a": a, "b": b, **asdict(row)} for a, b, row in compare_all(flat, names, seed)]


def _summed(repetitions: Sequence[Figures]) -> dict[str, Any]:
    means: dict[str, Any] = mean_of(repetitions)
    flat = [dotted(one) for one in repetitions]
    found = {}
    for name in dotted(means):
        values = [one[name] for one in flat if name in one]
        around = interval_of_mean(values)
        if around is not None:
            found[name] = _possible(name, values, around)
    return {**means, "intervals": found}


def _possible(name: str, values: Sequence[float], around: Interval) -> Interval:
    """Cut off the part of an interval where the figure cannot be: its mean is not there, so 95 % stay."""
    low, high = around
    least = 1.0 if name.startswith("imbalance") else 0.0
    return (max(low, least) if min(values) >= least else low), (min(high, 1.0) if name in SHARES else high)


def _without_regions(figures: Figures) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name != "regions"}
