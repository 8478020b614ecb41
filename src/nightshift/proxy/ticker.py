"""Doing something at every interval, by the loop's clock, without drift and without piling up.

After the process was stopped, or its machine slept, timers ring before any socket is read: answers that came
meanwhile would count as late. So a tick that is very late is put off until what is there has been read.
"""

import asyncio
from collections.abc import Callable

SUSPENDED_S = 1.0
"""So late is no tick of a loop that is only busy."""
_READ_FIRST_S = 0.05


class Ticker:
    """Calls `act` at once, then each `interval_s`. A late tick delays the next; it is not made up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, interval_s: float, act: Callable[[], None]) -> None:
        self._loop = loop
        self._interval_s = interval_s
        self._act = act
        self._due = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._put_off = False

    def start(self) -> None:
        """Begin with a tick at once."""
        self._due = max(self._due + self._interval_s, self._loop.time())
        self._timer = self._loop.call_at(self._due, self._tick)
        self._act()

    def _tick(self) -> None:
        late_s = self._loop.time() - self._due
        if late_s > SUSPENDED_S and not self._put_off:
            self._put_off = True
            self._timer = self._loop.call_later(_READ_FIRST_S, self._tick)
            return
        self._put_off = False
        self.start()

    def stop(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
