"""A ring hash after Envoy's: targets own points on a circle, a key belongs to the next point.

xxHash64 with seed 0, equal weights. Each target owns the same number of points whatever the number of
targets, so that when one comes or goes, only the keys of its own points move. (The original divided about
1,024 points among all, which moves other keys too.) A target that is not available is skipped by walking
on, so its keys spread over all others and come back when it does. There is no bound on load: that is
another policy.
"""

from bisect import bisect_left
from collections.abc import Container, Iterable

import xxhash

POINTS_PER_TARGET = 160
"""As ketama does: the largest of n shares is then about 1.2 times the mean."""


class HashRing:
    """Maps keys to targets. Building costs O(points log points), a lookup O(log points) and the walk."""

    def __init__(self, targets: Iterable[str]) -> None:
        ids, indexes = set(targets), range(POINTS_PER_TARGET)
        points = sorted((_hash(f"{target}_{index}"), target) for target in ids for index in indexes)
        self._hashes = [point for point, _ in points]
        self._owners = [target for _, target in points]

    def find(self, key: str, allowed: Container[str]) -> str | None:
        """Return the first of `allowed` at or after the key's point; None if none is on the ring."""
        start = bisect_left(self._hashes, _hash(key))
        count = len(self._owners)
        for step in range(count):
            owner = self._owners[(start + step) % count]
            if owner in allowed:
                return owner
        return None


def _hash(text: str) -> int:
    return xxhash.xxh64_intdigest(text.encode(), seed=0)
