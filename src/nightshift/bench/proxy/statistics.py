"""Percentiles and medians of small samples, in plain Python: the load process must not import numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some repetitions, and how far they lie apart."""

    median: float
    low: float
    """The smallest."""
    high: float
    """The largest."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile (`share` from 0 to 1) of values in ascending order.

    Nearest rank never invents a value between two measured ones. Raises ValueError for no values.
    """
    if not ordered:
        raise ValueError("no values, no percentile")
    rank = max(1, -int(-share * len(ordered) // 1))  # the ceiling
    return ordered[min(rank, len(ordered)) - 1]


def spread(values: Sequence[float]) -> Spread | None:
    """Return median, smallest and largest; None for no values."""
    return Spread(median(values), min(values), max(values)) if values else None
