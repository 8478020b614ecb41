"""Counts by label values: a dict that begins at 0, so that counting is one line and one look-up."""

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")


class Tally(dict[Key, float]):
    """`tally[key] += 1`. The keys are what a label can be: who counts sees to it that they are few."""

    __slots__ = ()

    def __missing__(self, key: Key) -> float:
        """Nothing was counted under `key` yet."""
        return 0

    def keep(self, wanted: Callable[[Key], bool]) -> None:
        """Forget what is not wanted any more: a target that is gone would be shown for ever."""
        for key in [key for key in self if not wanted(key)]:
            del self[key]
