"""Which targets stand in which regions, as masks of slots: where a request may be served at all.

A request carries the regions that may serve it (residency), or None: anywhere. The mask of such a set is
looked up in O(1); it is made once for each set, and anew when targets change. A target whose region nobody
names is in none: it gets no request that is bound to some.
"""

from collections.abc import Iterable

from nightshift.balancing.serving import EVERYTHING

_MOST_SETS = 1024
"""Sets remembered. There are as many as rules; a peer that sends more costs time and no memory."""


class Regions:
    """The regions of one pool of targets."""

    def __init__(self) -> None:
        self._by_region: dict[str, int] = {}
        self._of: dict[frozenset[str], int] = {}
        self.seen: set[str] = set()
        """Regions that have, or had, a target: one that has none now may have some again."""

    def are(self, standing: Iterable[tuple[str, int]]) -> None:
        """The targets stand there: a region and a target's bit for each."""
        self._by_region = {}
        for region, bit in standing:
            self._by_region[region] = self._by_region.get(region, 0) | bit
        self.seen.update(self._by_region)
        self._of.clear()

    def of(self, allowed: frozenset[str] | None) -> int:
        """Return the mask of the targets in these regions; None is any region."""
        if allowed is None:
            return EVERYTHING
        mask = self._of.get(allowed)
        return self._look_up(allowed) if mask is None else mask

    def _look_up(self, allowed: frozenset[str]) -> int:
        mask = 0
        for region in allowed:
            mask |= self._by_region.get(region, 0)
        if len(self._of) >= _MOST_SETS:
            self._of.clear()
        self._of[allowed] = mask
        return mask
