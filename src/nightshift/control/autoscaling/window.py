"""How much cumulative counts grew within the last seconds.

A count only grows while its process lives. One that is smaller than before has begun anew, from zero, so all
of it is growth (Prometheus' `increase` does the same); a growth is thus never negative. The first reading of
a source is where counting begins: what came before it is not known to be recent.

A growth between two readings lies somewhere between them; it is spread evenly, so a window that begins amid
two readings has its share.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Growth:
    """What was added between two readings."""

    since: float
    until: float
    amounts: tuple[float, ...]

    def within(self, start: float) -> tuple[float, ...]:
        """Return the share of it that lies after `start`."""
        share = (self.until - max(start, self.since)) / (self.until - self.since)
        return self.amounts if share >= 1 else tuple(amount * share for amount in self.amounts)


class Window:
    """Growth of a vector of counts from one source, over `length_s` seconds."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._last: tuple[float, tuple[float, ...]] | None = None
        self._growths: deque[_Growth] = deque()

    @property
    def known_since(self) -> float | None:
        """When its first reading was that still counts; None before a second one."""
        return self._growths[0].since if self._growths else None

    def read(self, now: float, counts: Sequence[float]) -> None:
        """The counts are these at `now`. All of them belong to one process: they begin anew together."""
        before, self._last = self._last, (now, tuple(counts))
        if before is None:
            return
        at, old = before
        if now <= at:
            self._last = before  # a second word of the same moment
            return
        began_anew = len(old) != len(counts) or any(new < was for new, was in zip(counts, old, strict=True))
        amounts = tuple(counts) if began_anew else tuple(n - o for n, o in zip(counts, old, strict=True))
        if self._growths and len(amounts) != len(self._growths[0].amounts):
            self._growths.clear()  # another version counts other things
        self._growths.append(_Growth(at, now, amounts))

    def growth(self, now: float) -> tuple[float, ...]:
        """Return how much each count grew in the window that ends at `now`; empty when nothing is known."""
        start = now - self._length_s
        while self._growths and self._growths[0].until <= start:
            self._growths.popleft()
        if not self._growths:
            return ()
        return tuple(map(sum, zip(*(growth.within(start) for growth in self._growths), strict=True)))
