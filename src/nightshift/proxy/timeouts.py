"""Time limits of one length each, for many things at once, without a timer for each of them.

All limits of a kind last equally long, so the things in the order of their starts are in the order of their
ends too: a dict keeps that order, and a tick looks at its head only. Starting and stopping cost one dict
operation each; a tick costs one look, and one step for each thing that has expired. A limit is met when it
is reached and at most one tick later.

For a limit on the time between two steps (`Stalls`), a step costs nothing here: the thing is looked at from
time to time, and tells how far it has come.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")

TICK_S = 0.1
"""How often `expire` is to be called: no limit is exceeded by more than this."""


class Deadlines(Generic[Thing]):
    """Calls `expired` for each thing that was started `duration_s` ago and not stopped since."""

    __slots__ = ("_clock", "_expired", "_started", "duration_s")

    def __init__(
        self, duration_s: float, clock: Callable[[], float], expired: Callable[[Thing], None]
    ) -> None:
        self.duration_s = duration_s
        self._clock = clock
        self._expired = expired
        self._started: dict[Thing, float] = {}

    def __len__(self) -> int:
        return len(self._started)

    def __contains__(self, thing: Thing) -> bool:
        return thing in self._started

    def start(self, thing: Thing) -> None:
        """Begin to count. A thing that is counted already is left as it is."""
        self._started.setdefault(thing, self._clock())

    def stop(self, thing: Thing) -> None:
        """Count no more, if it was."""
        if thing in self._started:
            del self._started[thing]

    def restart(self, thing: Thing) -> None:
        """Begin anew."""
        self._started.pop(thing, None)
        self._started[thing] = self._clock()

    def expire(self) -> None:
        """Tell of what is over. Each thing is stopped before it is told of."""
        if not self._started:
            return
        latest = self._clock() - self.duration_s
        while self._started:
            thing = next(iter(self._started))
            if self._started[thing] > latest:
                return
            del self._started[thing]
            self._expired(thing)


class Stalls(Generic[Thing]):
    """Calls `stalled` for each thing that has made no step for `limit_s`, and at most a quarter longer.

    `progress` is a number that differs after each step of a thing. It is looked at four times in `limit_s`.
    """

    __slots__ = ("_looks", "_progress", "_seen", "_stalled")

    def __init__(
        self,
        limit_s: float,
        clock: Callable[[], float],
        stalled: Callable[[Thing], None],
        progress: Callable[[Thing], int],
    ) -> None:
        self._looks: Deadlines[Thing] = Deadlines(limit_s / _LOOKS, clock, self._look)
        self._stalled = stalled
        self._progress = progress
        self._seen: dict[Thing, tuple[int, int]] = {}
        """The progress of each thing, and how many looks ago it was the same."""

    def __len__(self) -> int:
        return len(self._seen)

    def change(self, limit_s: float) -> None:
        """Wait so long from the next look on."""
        self._looks.duration_s = limit_s / _LOOKS

    def start(self, thing: Thing) -> None:
        """Begin to watch, if it is not watched already."""
        if thing not in self._seen:
            self._seen[thing] = (self._progress(thing), 0)
            self._looks.start(thing)

    def stop(self, thing: Thing) -> None:
        """Watch no more, if it was watched."""
        if self._seen.pop(thing, None) is not None:
            self._looks.stop(thing)

    def expire(self) -> None:
        """Tell of what has stalled. Each thing is stopped before it is told of."""
        self._looks.expire()

    def _look(self, thing: Thing) -> None:
        progress = self._progress(thing)
        seen, quiet = self._seen[thing]
        quiet = quiet + 1 if progress == seen else 0
        if quiet >= _LOOKS:
            del self._seen[thing]
            self._stalled(thing)
        else:
            self._seen[thing] = (progress, quiet)
            self._looks.start(thing)


_LOOKS = 4
