"""How late the event loop is: a callback is asked for at a time, and what it comes late is observed.

A long decision, a big body or a collection of garbage stops every stream of the balancer for as long. This
shows it.
"""

import asyncio

from nightshift.proxy.seen.histogram import Histogram

INTERVAL_S = 0.25


class LoopLag:
    """Observes into a histogram until stopped."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lag_s: Histogram) -> None:
        self._loop = loop
        self._lag_s = lag_s
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin."""
        due = self._loop.time() + INTERVAL_S
        self._timer = self._loop.call_at(due, self._late, due)

    def stop(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self, due: float) -> None:
        self._lag_s.add(max(0.0, self._loop.time() - due))
        self.start()
