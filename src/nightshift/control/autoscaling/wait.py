"""How long requests waited in balancers' queues, from `nightshift_queue_wait_seconds`.

The histogram counts a request when it is over, so a wait is seen late by the time of an answer. What waits
right now is `Seen.waiting`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nightshift.control.autoscaling.window import Window

WINDOW_S = 60.0
"""As for requests per second: long enough for some requests to be over in it."""


@dataclass(frozen=True, slots=True)
class WaitReading:
    """The histogram of one balancer since it started. `buckets` are cumulative: upper bound in s -> count."""

    total_s: float
    count: float
    buckets: Mapping[float, float]


class QueueWait:
    """Waits of the last `window_s` seconds over all balancers."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._windows: dict[str, Window] = {}
        self._bounds: dict[str, tuple[float, ...]] = {}

    def read(self, now: float, balancer: str, reading: WaitReading) -> None:
        """A balancer's histogram is this at `now`."""
        bounds = tuple(sorted(bound for bound in reading.buckets if math.isfinite(bound)))
        if self._bounds.get(balancer) != bounds:
            self._windows[balancer] = Window(self._window_s)
            self._bounds[balancer] = bounds
        counts = [reading.buckets[bound] for bound in bounds]
        self._windows[balancer].read(now, (reading.total_s, reading.count, *counts))

    def forget(self, balancer: str) -> None:
        """The balancer is gone for good."""
        self._windows.pop(balancer, None)
        self._bounds.pop(balancer, None)

    def mean_s(self, now: float) -> float | None:
        """Return the mean wait in seconds; None when no request was over in the window."""
        grown = [growth for window in self._windows.values() if (growth := window.growth(now))]
        count = sum(growth[1] for growth in grown)
        return sum(growth[0] for growth in grown) / count if count > 0 else None

    def quantile_s(self, now: float, quantile: float = 0.9) -> float | None:
        """Return the wait in seconds that this share of requests did not exceed; None as `mean_s`.

        Within a bucket requests are taken as spread evenly (as Prometheus' `histogram_quantile`); beyond the
        last bound it is that bound.
        """
        below: dict[float, float] = {}
        count = 0.0
        for balancer, window in self._windows.items():
            if growth := window.growth(now):
                count += growth[1]
                for bound, amount in zip(self._bounds[balancer], growth[2:], strict=True):
                    below[bound] = below.get(bound, 0.0) + amount
        return _quantile(sorted(below.items()), quantile * count) if count > 0 else None


def _quantile(below: list[tuple[float, float]], rank: float) -> float:
    """Return where `rank` requests lie below, of cumulative counts by upper bound."""
    lower, under = 0.0, 0.0
    for bound, count in below:
        if count >= rank:
            return bound if count == under else lower + (bound - lower) * (rank - under) / (count - under)
        lower, under = bound, count
    return lower
