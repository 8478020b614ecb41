"""What a policy chooses from: targets as a mask of slots, and how loaded they are, without going over them.

A set of targets is one whole number, bit n for slot n; for a thousand targets that is 125 bytes, and to
intersect two sets costs some 50 ns. The load index keeps, for each number of outstanding requests, the mask
of the targets that have so many, and a mask of the numbers that occur. The least loaded of a set are then
the first of those masks, from below, that the set meets.

Cost: a request sent or over moves one bit, O(1). The least loaded of any set is found in O(different
loads), in practice one or two steps, because those who are available are those with few requests. Choosing
one of n equals at random costs O(log n), by halving the mask. All in operations on whole numbers of as many
bits as there are slots.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from nightshift.balancing.targets import Target

_FEW: Final = 4
"""Up to so many bits are stepped over one by one: halving costs more."""


def bits(mask: int) -> Iterator[int]:
    """Walk the bits of a mask, each as a mask, from the lowest slot."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


def nth_slot(mask: int, n: int) -> int:
    """Return the slot of the set bit that has `n` set bits below it."""
    base, width = 0, mask.bit_length()
    while n > _FEW:
        half = width >> 1
        low = mask & (1 << half) - 1
        ones = low.bit_count()
        if n < ones:
            mask, width = low, half
        else:
            mask, width, base, n = mask >> half, width - half, base + half, n - ones
    for _ in range(n):
        mask &= mask - 1
    return base + (mask & -mask).bit_length() - 1


class LoadIndex:
    """The targets of a pool by their number of outstanding requests."""

    __slots__ = ("_levels", "_occurring")

    def __init__(self) -> None:
        self._levels = [0]
        """For each number of requests, the targets that have so many."""
        self._occurring = 0
        """For each number of requests, whether any target has so many."""

    def enter(self, bit: int, load: int) -> None:
        """A target comes, or comes to have `load` requests."""
        levels = self._levels
        while load >= len(levels):
            levels.append(0)
        levels[load] |= bit
        self._occurring |= 1 << load

    def move(self, bit: int, before: int, after: int) -> None:
        """A target had `before` requests and has `after`: `leave` and `enter` in one."""
        levels = self._levels
        if after >= len(levels):
            levels.append(0)
        rest = levels[before] & ~bit
        levels[before] = rest
        levels[after] |= bit
        occurring = self._occurring | 1 << after
        self._occurring = occurring if rest else occurring & ~(1 << before)

    def leave(self, bit: int, load: int) -> None:
        """A target goes, or has `load` requests no longer."""
        rest = self._levels[load] & ~bit
        self._levels[load] = rest
        if not rest:
            self._occurring &= ~(1 << load)

    def least(self, mask: int) -> int:
        """Return those of `mask`, which is not empty, that have the fewest requests."""
        occurring, levels = self._occurring, self._levels
        while occurring:
            lowest = occurring & -occurring
            if found := levels[lowest.bit_length() - 1] & mask:
                return found
            occurring ^= lowest
        return mask

    def spread(self, mask: int) -> tuple[int, int]:
        """Return the fewest and the most requests that one of `mask`, which is not empty, has."""
        levels, lower, upper = self._levels, self._occurring, self._occurring
        while not levels[_slot(lower & -lower)] & mask:
            lower &= lower - 1
        while not levels[_slot(upper)] & mask:
            upper ^= 1 << _slot(upper)
        return _slot(lower & -lower), _slot(upper)

    def total(self, mask: int) -> int:
        """Return the requests of all of `mask` together."""
        levels = self._levels
        return sum(_slot(bit) * (levels[_slot(bit)] & mask).bit_count() for bit in bits(self._occurring))

    def at_most(self, mask: int, load: int) -> int:
        """Return those of `mask` that have at most so many requests."""
        levels = self._levels[: load + 1] if load >= 0 else []
        found = 0
        for level in levels:
            found |= level
        return found & mask


class Candidates:
    """The targets that a request may go to now: those of `mask`, at least one."""

    __slots__ = ("_loads", "_target_at", "mask")

    def __init__(self, mask: int, loads: LoadIndex, target_at: Callable[[int], Target]) -> None:
        self.mask = mask
        self._loads = loads
        self._target_at = target_at

    def least_loaded(self, rng: Random, among: int | None = None) -> int:
        """Return the slot with the fewest outstanding requests, of all or of `among`; of equals a random
        one."""
        mask = self.mask if among is None else among
        if not mask & (mask - 1):
            return mask.bit_length() - 1
        least = self._loads.least(mask)
        if not least & (least - 1):
            return least.bit_length() - 1
        # random() has 53 bits: of at most some thousands, none is preferred by more than one in 10^12.
        return nth_slot(least, int(rng.random() * least.bit_count()))

    def spread(self) -> tuple[int, int]:
        """Return the fewest and the most outstanding requests."""
        return self._loads.spread(self.mask)

    def total(self) -> int:
        """Return the outstanding requests of all together."""
        return self._loads.total(self.mask)

    def at_most(self, load: int) -> int:
        """Return the mask of those that have at most so many outstanding requests."""
        return self._loads.at_most(self.mask, load)

    def nth(self, n: int) -> int:
        """Return a slot by its rank."""
        return nth_slot(self.mask, n)

    def __len__(self) -> int:
        return self.mask.bit_count()

    def __iter__(self) -> Iterator[Target]:
        """Walk the targets themselves, by slot: O(candidates), for policies that weigh each of them."""
        return (self._target_at(_slot(bit)) for bit in bits(self.mask))


def _slot(bit: int) -> int:
    return bit.bit_length() - 1
