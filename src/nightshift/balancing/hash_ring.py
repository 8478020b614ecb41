"""A ring hash after Envoy's: targets own points on a circle, a key belongs to the next point.

xxHash64 with seed 0, equal weights. Each target owns the same number of points whatever the number of
targets, so that when one comes or goes, only the keys of its own points move. (The original divided about
1,024 points among all, which moves other keys too.) A target that is not available is skipped by walking
on, so its keys spread over all others and come back when it does. There is no bound on load: that is
another policy.

The points stand in two sorted columns, hashes and the numbers of their owners. A change merges the points of
one target in, or takes them out, by copying the stretches between them: memcpy, where sorting would
compare every point.
"""

from array import array
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator

import xxhash

POINTS_PER_TARGET = 160
"""As ketama does: the largest of n shares is then about 1.2 times the mean."""


class HashRing:
    """Maps keys to targets. A change costs O(points), a lookup O(log points) and the walk."""

    def __init__(self, targets: Iterable[str], points_each: int = POINTS_PER_TARGET) -> None:
        self._points_each = points_each
        self._names = sorted(set(targets))
        points = sorted((at, number) for number, name in enumerate(self._names) for at in self._points(name))
        self._hashes = array("Q", (point for point, _ in points))
        self._owners = array("I", (number for _, number in points))
        self._free: list[int] = []

    def add(self, target: str) -> None:
        """Enter a target that is not on the ring."""
        if self._free:
            number = self._free.pop()
            self._names[number] = target
        else:
            number = len(self._names)
            self._names.append(target)
        hashes, owners, start = array("Q"), array("I"), 0
        for point in sorted(self._points(target)):
            at = self._place(point, target)
            hashes += self._hashes[start:at]
            owners += self._owners[start:at]
            hashes.append(point)
            owners.append(number)
            start = at
        self._hashes, self._owners = hashes + self._hashes[start:], owners + self._owners[start:]

    def remove(self, target: str) -> None:
        """Take out a target that is on the ring."""
        number = self._owners[self._place(next(self._points(target)), target)]
        hashes, owners, start = array("Q"), array("I"), 0
        for point in sorted(self._points(target)):
            at = max(start, self._place(point, target))  # two of its own points may be equal
            hashes += self._hashes[start:at]
            owners += self._owners[start:at]
            start = at + 1
        self._hashes, self._owners = hashes + self._hashes[start:], owners + self._owners[start:]
        self._free.append(number)

    def find(self, key: str, allowed: Container[str]) -> str | None:
        """Return the first of `allowed` at or after the key's point; None if none is on the ring."""
        start = bisect_left(self._hashes, _hash(key))
        count = len(self._owners)
        for step in range(count):
            owner = self._names[self._owners[(start + step) % count]]
            if owner in allowed:
                return owner
        return None

    def _place(self, point: int, target: str) -> int:
        """Return where a target's point stands or belongs. Of equal points the lesser name's is first."""
        at = bisect_left(self._hashes, point)
        while at < len(self._hashes) and self._hashes[at] == point and self._names[self._owners[at]] < target:
            at += 1
        return at

    def _points(self, target: str) -> Iterator[int]:
        return (_hash(f"{target}_{index}") for index in range(self._points_each))


def _hash(text: str) -> int:
    return xxhash.xxh64_intdigest(text.encode(), seed=0)
