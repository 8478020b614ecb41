"""Doing something at every interval, by the loop's clock, without drift and without piling up."""

import asyncio
from collections.abc import Callable


class Ticker:
    """Calls `act` at once, then each `interval_s`. A late tick delays the next; it is not made up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, interval_s: float, act: Callable[[], None]) -> None:
        self._loop = loop
        self._interval_s = interval_s
        self._act = act
        self._due = loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin with a tick at once."""
        self._due = max(self._due + self._interval_s, self._loop.time())
        self._timer = self._loop.call_at(self._due, self.start)
        self._act()

    def stop(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
