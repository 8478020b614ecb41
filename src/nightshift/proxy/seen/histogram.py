"""A histogram of plain numbers: one bisection and two additions for each observation.

prometheus_client's own takes a lock for each; here one thread counts, and the page is made from what stands
at the moment of the scrape. Buckets are Prometheus' (`le`: at most the bound), kept apart and only summed up
when asked for. O(log buckets) for each observation.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Histogram:
    """See the head of the file."""

    __slots__ = ("_counts", "_lowest", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` are the finite upper bounds, growing."""
        self.bounds = tuple(bounds)
        self._lowest: float = self.bounds[0]
        self._counts: list[int] = [0] * (len(self.bounds) + 1)
        self.total: float = 0.0
        """The sum of all observations."""

    def add(self, value: float) -> None:
        """Observe `value`."""
        # Most waits are none: the first bucket is worth a look before the search.
        bucket = 0 if value <= self._lowest else bisect_left(self.bounds, value)
        self._counts[bucket] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Return each upper bound as text, and how many observations were at most that."""
        names = [*(f"{bound:g}" for bound in self.bounds), "+Inf"]
        return list(zip(names, accumulate(self._counts), strict=True))


QUEUE_WAIT_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
# The next three follow OpenTelemetry's advice for gen_ai.server.time_to_first_token, .request.duration and
# .time_per_output_token, with more room above: a request may wait here before it is served.
FIRST_CONTENT_S = (0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120)
DURATION_S = (
    0.01,
    0.02,
    0.04,
    0.08,
    0.16,
    0.32,
    0.64,
    1.28,
    2.56,
    5.12,
    10.24,
    20.48,
    40.96,
    81.92,
    300,
    900,
)
BETWEEN_BLOCKS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 10, 60)
SHARE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1.0)
LOOP_LAG_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
