"""Where more load stops paying: the knee, as the load with the highest power. Pure.

Power is throughput over latency (L. Kleinrock, "Power and deterministic rules of thumb for probabilistic
problems in computer communications", ICC 1979); where it is highest is the knee (K. Ramakrishnan and R. Jain,
"A binary feedback scheme for congestion avoidance in computer networks", ACM TOCS 8(2), 1990). Unlike a
curvature (Kneedle), it needs no smoothing and is defined from three steps on. Latency is E2E, mean: TTFT
alone would put the knee where batches are still half empty. A knee at the first or last step is none inside:
the load that was tried does not hold it.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One system at one load."""

    load: float
    throughput: float
    latency_s: float

    @property
    def power(self) -> float:
        """Throughput over latency."""
        return self.throughput / self.latency_s if self.latency_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Knee:
    """The step with the highest power."""

    load: float
    inside: bool
    """Whether steps on both sides have less power; else the knee lies at or beyond the end of the ladder."""


def knee_of(steps: Sequence[Step]) -> Knee | None:
    """Return the knee; None of fewer than three steps."""
    ordered = sorted(steps, key=lambda step: step.load)
    if len(ordered) < 3:
        return None
    place = max(range(len(ordered)), key=lambda at: ordered[at].power)
    return Knee(ordered[place].load, inside=0 < place < len(ordered) - 1)
