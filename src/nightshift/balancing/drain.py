"""How fast the queue drains, for the answer to "when shall I try again?".

The rate is taken over the last placements, so it follows the engines: an answer of half an hour ago says
nothing about now. What is told is spread a little by the caller's generator, lest all who were refused come
back in the same second.
"""

from collections import deque
from math import ceil
from random import Random

_PLACEMENTS = 64
_SHORTEST_S, _LONGEST_S = 1, 60


class DrainRate:
    """Times of the last placements."""

    def __init__(self) -> None:
        self._placed: deque[float] = deque(maxlen=_PLACEMENTS)
        self.placed = self._placed.append
        """Call with the time when a request leaves the queue, or does not enter it, for a target."""

    def retry_after_s(self, now: float, waiting: int, rng: Random) -> int:
        """Whole seconds in which `waiting` requests are placed, from 1 to 60; 1 while nothing is known."""
        if len(self._placed) < 2:
            return _SHORTEST_S
        elapsed_s = max(now - self._placed[0], 1e-3)
        estimate_s = waiting * elapsed_s / len(self._placed) * rng.uniform(1.0, 1.25)
        return min(_LONGEST_S, max(_SHORTEST_S, ceil(estimate_s)))
