"""How many replicas of one system give the throughput that another has: by interpolation, not by eye.

Between two measured numbers of replicas throughput is taken as linear; beyond the measured ones nothing is
said. Where a curve falls, its first crossing counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
"""Replicas and throughput."""


@dataclass(frozen=True)
class Equal:
    """One system with `replicas` is as quick as the other with `other_replicas`."""

    other_replicas: float
    throughput: float
    replicas: float

    @property
    def saving(self) -> float:
        """The share of replicas, and of their cost where all cost the same, that is saved."""
        return 1 - self.replicas / self.other_replicas


def replicas_for(curve: Sequence[Point], throughput: float) -> float | None:
    """Return the least number of replicas with this throughput; None outside of what was measured."""
    points = sorted(curve)
    if points and points[0][1] == throughput:
        return points[0][0]
    for (n0, t0), (n1, t1) in pairwise(points):
        if t0 < throughput <= t1:
            return n0 + (n1 - n0) * (throughput - t0) / (t1 - t0)
    return None


def equal_points(curve: Sequence[Point], other: Sequence[Point]) -> Iterator[Equal]:
    """Yield, for each measured point of `other`, where `curve` is as high; those outside are left out."""
    for replicas, throughput in sorted(other):
        found = replicas_for(curve, throughput)
        if found is not None:
            yield Equal(replicas, throughput, found)
