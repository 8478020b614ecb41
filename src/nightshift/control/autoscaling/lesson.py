"""What a service has learnt of itself: so many replicas were too few for so many requests per second.

By queue time alone a steady load would be tried with one replica fewer again and again, each time at the
cost of those who then wait: where n replicas queue and n + 1 do not, neither count satisfies. So the last
time that requests waited too long is remembered, and that count is not tried again until clearly less comes.
"""

from nightshift.control.autoscaling.seen import Seen

CLEARLY_LESS = 0.9
"""Share of the requests per second that were too many then."""


class Lesson:
    """See the head of the file."""

    def __init__(self) -> None:
        self._too_few: tuple[int, float] | None = None

    def learn(self, seen: Seen) -> None:
        """Requests wait too long at this moment, with all that are ready."""
        if seen.requests_per_s is not None:
            self._too_few = (seen.ready, seen.requests_per_s)

    def at_least(self, seen: Seen) -> int:
        """Return how many replicas the load of this moment is known to need."""
        if self._too_few is None or seen.requests_per_s is None:
            return 0
        count, rate = self._too_few
        return count + 1 if seen.requests_per_s > CLEARLY_LESS * rate else 0
