"""A distribution in five numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nightshift.bench.measures.columns import Floats

PARTS = ("mean", "p50", "p90", "p95", "p99")
"""The names of the five, as they stand in `summary.json`."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and percentiles; percentiles are interpolated linearly between neighbours (numpy's default)."""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: "Sequence[float] | Floats") -> "Spread | None":
        """Return the spread of the values that are known (no NaN); None if there are none."""
        import numpy as np

        known = np.asarray(values, dtype=np.float64)
        known = known[~np.isnan(known)]
        if not known.size:
            return None
        percentiles = np.percentile(known, [50, 90, 95, 99])
        return cls(float(known.mean()), *(float(value) for value in percentiles))
