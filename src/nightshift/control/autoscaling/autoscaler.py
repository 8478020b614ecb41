"""When a wish for more or fewer replicas becomes a change.

As the original: a wish must have held for a delay (300 s up, 1200 s down by default), a wish in the other
direction, or for no change, begins it anew, and a service without a replica gets one at once. Five rules
differ, each in favour of who waits for an answer:

- up goes to the latest wish, down to the highest one of the whole delay (the original took the latest, so
  one quiet minute at its end decided);
- down never goes below what holds the requests of the moment (`holding.py`);
- by queue time, down never goes again to what was too few for as much as comes now (`lesson.py`);
- a pause in what is seen (the controller was away) begins the delay anew, as nobody knows whether the wish
  held; an unknown moment changes nothing;
- time counts, not the number of decisions, so it does not matter how regularly it is asked.

least == most never changes anything.
"""

from nightshift.control.autoscaling.holding import HOLDS, after_drain
from nightshift.control.autoscaling.lesson import Lesson
from nightshift.control.autoscaling.seen import Seen
from nightshift.control.autoscaling.wishes import clamped, waits_too_long, wish_of
from nightshift.control.service.spec import Scaling

INTERVAL_S = 20.0
"""Between two decisions (the original's)."""
INTERVAL_WITHOUT_REPLICA_S = 5.0
"""The same while no replica is ready."""
LONGEST_PAUSE_S = 3 * INTERVAL_S
"""Seconds between two decisions after which a wish has to hold anew."""


class Autoscaler:
    """See the head of the file. `target` is how many replicas the service shall have, not counting drains."""

    def __init__(self, scaling: Scaling, *, target: int | None = None, holds: int = HOLDS) -> None:
        """`target` is what was decided last, when a controller takes over a service; None: a new one."""
        self._scaling = scaling
        self._holds = holds
        self.target = scaling.least if target is None else clamped(scaling, target)
        self._held = _Held()
        self._lesson = Lesson()

    @staticmethod
    def interval_s(seen: Seen) -> float:
        """Seconds until the next decision is due."""
        return INTERVAL_S if seen.ready else INTERVAL_WITHOUT_REPLICA_S

    def use(self, scaling: Scaling) -> None:
        """The service was updated: these limits and targets hold from now on, wishes begin anew."""
        self._scaling = scaling
        self.target = clamped(scaling, self.target)
        self._held, self._lesson = _Held(), Lesson()

    def decide(self, now: float, seen: Seen) -> int:
        """Return how many replicas the service shall have. `now` is in seconds and never goes back."""
        wish = wish_of(self._scaling, self.target, seen, self._holds)
        if wish is None:
            return self.target
        if self.target == 0 and wish > 0:
            self._change(wish)
            return self.target
        if wish < self.target:
            wish = max(wish, min(self.target, self._lesson.at_least(seen)))
        held_s = self._held.saw(now, wish, self.target)
        if wish > self.target and held_s >= self._scaling.up_delay_s:
            if waits_too_long(self._scaling, seen):
                self._lesson.learn(seen)
            self._change(wish)
        elif wish < self.target and held_s >= self._scaling.down_delay_s:
            fewer = after_drain(self._held.highest, self.target, seen, self._holds)
            if fewer < self.target:
                self._change(fewer)
        return self.target

    def _change(self, target: int) -> None:
        self.target = target
        self._held = _Held()


class _Held:
    """For how long a wish in one direction has held, and the highest of it."""

    def __init__(self) -> None:
        self.highest = 0
        self._direction = 0
        self._since = 0.0
        self._last: float | None = None

    def saw(self, now: float, wish: int, target: int) -> float:
        """Take in a wish; return for how many seconds its direction has held."""
        direction = (wish > target) - (wish < target)
        is_pause = self._last is None or now - self._last > LONGEST_PAUSE_S
        self._last = now
        if direction != self._direction or is_pause:
            self._direction, self._since, self.highest = direction, now, wish
        self.highest = max(self.highest, wish)
        return now - self._since
