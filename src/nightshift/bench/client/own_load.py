"""How busy the client itself is: a client near its own limit measures itself, not the service.

CPU share is the process's CPU time over elapsed time, where 1 is a core: one event loop cannot use more.
Lag is how much later than asked a timer of the event loop fires; every time in the records is late by
about as much. Much lag with little CPU share means that others used the machine, the service's own
processes among them. uvloop's timers have whole milliseconds, so that up to 1 ms of it means nothing.
"""

import asyncio
import time
from collections.abc import Sequence

from nightshift.bench.client.run_clock import RunClock

WARN_CPU_SHARE = 0.7
WARN_LAG_S = 0.1  # emulated; more than a decode step of an L4 with a full batch
_INTERVAL_S = 0.02  # real seconds; a hundred samples in two seconds are enough for a p99 of any run


class OwnLoad:
    """Measures from its creation on."""

    def __init__(self) -> None:
        self._started_at = time.monotonic()
        self._cpu_at_start_s = time.process_time()
        self._lags_s: list[float] = []

    async def watch(self) -> None:
        """Measure the loop's lag until cancelled."""
        while True:
            asked_for = time.monotonic() + _INTERVAL_S
            await asyncio.sleep(_INTERVAL_S)
            self._lags_s.append(max(0.0, time.monotonic() - asked_for))

    def cpu_share(self) -> float:
        """Cores used so far, in the mean."""
        elapsed_s = time.monotonic() - self._started_at
        return (time.process_time() - self._cpu_at_start_s) / elapsed_s if elapsed_s > 0 else 0.0

    def lag_p99_s(self, clock: RunClock) -> float:
        """The 99th percentile of the lag, in seconds of the run's clock."""
        return p99(self._lags_s) * clock.speed if self._lags_s else 0.0


def p99(values: Sequence[float]) -> float:
    """Return the value that 99 of 100 do not exceed. Raises `IndexError` of none."""
    ordered = sorted(values)
    return ordered[int(0.99 * len(ordered))]
