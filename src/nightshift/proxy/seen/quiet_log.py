"""One line per cause, and then silence for a while: a dead replica must not fill the disk.

The first warning of a cause is written at once. Those that follow within `interval_s` are counted; the next
that is written says how many they were. Bounded: at most `MAX_CAUSES` are remembered, the oldest go first.
"""

import logging
from collections.abc import Callable

INTERVAL_S = 10.0
MAX_CAUSES = 1_000


class QuietLog:
    """See the head of the file."""

    def __init__(
        self,
        log: logging.Logger,
        clock: Callable[[], float],
        *,
        interval_s: float = INTERVAL_S,
        suppressed: Callable[[], None] = lambda: None,
    ) -> None:
        """`suppressed` is called for each warning that is not written."""
        self._log = log
        self._clock = clock
        self._interval_s = interval_s
        self._suppressed = suppressed
        self._causes: dict[str, tuple[float, int]] = {}
        """When each was written last, and how many were not since; the oldest first."""

    def say(self, cause: str, message: str, *values: object) -> None:
        """Warn with `message`, unless one about `cause` was written lately. A cause names no one request."""
        now = self._clock()
        written, left_out = self._causes.get(cause, (None, 0))
        if written is not None and now - written < self._interval_s:
            self._causes[cause] = (written, left_out + 1)
            self._suppressed()
            return
        self._causes.pop(cause, None)
        self._causes[cause] = (now, 0)
        if len(self._causes) > MAX_CAUSES:
            del self._causes[next(iter(self._causes))]
        more = " (and %d more like this)" if left_out else ""
        self._log.warning(message + more, *values, *([left_out] if left_out else []))


class OnceInAWhile(logging.Filter):
    """The same for a logger of somebody else: each place that logs gets one line in `interval_s`."""

    def __init__(self, clock: Callable[[], float], interval_s: float = INTERVAL_S) -> None:
        super().__init__()
        self._clock = clock
        self._interval_s = interval_s
        self._written: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is written."""
        place, now = (record.pathname, record.lineno), self._clock()
        if now - self._written.get(place, float("-inf")) < self._interval_s:
            return False
        self._written[place] = now
        return True
