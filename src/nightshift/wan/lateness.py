"""How late deliveries are: a histogram of fixed size, cheap to record.

Buckets of 0.1 ms up to 100 ms, and one for all above; a quantile is the upper edge of its bucket. This
is the delay that the relay itself adds behind the asked one, from the arrival in this process to the
hand-over to the kernel. The time before the event loop notices a readable socket is not seen here;
`nightshift wan measure` sees it.
"""

import math

_BUCKET_S = 1e-4
_BUCKETS = 1000


class Lateness:
    """Counts of lateness in real seconds."""

    __slots__ = ("_counts", "max_s")

    def __init__(self) -> None:
        self._counts = [0] * (_BUCKETS + 1)
        self.max_s = 0.0

    def record(self, late_s: float) -> None:
        """Count one delivery, `late_s` after its time (not negative)."""
        self._counts[min(int(late_s / _BUCKET_S), _BUCKETS)] += 1
        self.max_s = max(self.max_s, late_s)

    def quantile_s(self, q: float) -> float:
        """Return an upper bound for the share `q` of all deliveries; 0 when there were none."""
        wanted = math.ceil(q * sum(self._counts))
        seen = 0
        for bucket, count in enumerate(self._counts[:_BUCKETS]):
            seen += count
            if seen >= wanted:
                return min((bucket + 1) * _BUCKET_S, self.max_s)
        return self.max_s

    def summary_ms(self) -> dict[str, float]:
        """Return p50, p99 and max in ms."""
        values = {"p50": self.quantile_s(0.5), "p99": self.quantile_s(0.99), "max": self.max_s}
        return {name: round(value * 1000, 3) for name, value in values.items()}
