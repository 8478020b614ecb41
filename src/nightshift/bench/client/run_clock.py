"""The clock of a run: 0 at the common start, in seconds of the emulated world.

It is `time.monotonic()`, shifted and multiplied by the fleet's speed. On Linux that is CLOCK_MONOTONIC,
which all processes of a machine share, so that clients of several regions given the same `start_at` have
the same 0. On several machines it is not: there each client has its own start.
"""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunClock:
    """`start_at` in seconds of `time.monotonic()`; `speed` is emulated seconds for each real one."""

    start_at: float
    speed: float = 1.0

    def now(self) -> float:
        """Seconds since the start; negative before it."""
        # Not loop.time(): uvloop's has whole milliseconds, and stands still within a turn of the loop.
        return (time.monotonic() - self.start_at) * self.speed

    async def sleep_until(self, when: float) -> None:
        """Return when the clock shows `when`; at once if it already does."""
        await asyncio.sleep(max(0.0, (when - self.now()) / self.speed))
