"""When a process that died is started again. Pure.

At once, if it had served for a while: its clients are waiting. One that dies soon after its start will
probably do so again, so it waits, twice as long each time up to a bound, until it has lived for a while.
"""

LIVED_S = 10.0
"""A process that served this long was well."""
FIRST_S, LONGEST_S = 0.5, 30.0


class Backoff:
    """The history of one process."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def died(self, lived_s: float) -> float:
        """Return the seconds to wait before the next start."""
        if lived_s >= LIVED_S:
            self._next_s = FIRST_S
            return 0.0
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, LONGEST_S)
        return wait_s
