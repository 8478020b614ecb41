"""Which share of real data a region takes, so that no two regions play the same.

The original knew three regions by name and gave each every third conversation. Here a share may be said
(`--share 0/2`, `--share 1/2`); if it is not, those three regions have their thirds, and any other region
takes one by a hash of its name, which two regions may have in common.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar
from zlib import crc32

from nightshift.errors import UserError

T = TypeVar("T")

SHARE_PATTERN = r"^\d+/\d+$"

_THIRDS = {"us-east-2": 0, "ap-northeast-1": 1, "eu-central-1": 2}


def share_of(region: str, asked: str | None) -> tuple[int, int]:
    """Return which of how many shares; `asked` is `I/N`. Raises `UserError` unless 0 <= I < N."""
    if asked is None:
        return _THIRDS.get(region, crc32(region.encode()) % 3), 3
    index, number = (int(part) for part in asked.split("/"))
    if index >= number:
        raise UserError(f"--share {asked}: shares count from 0, so the first must be less than the second")
    return index, number


def take(items: Sequence[T], keys: Iterable[Hashable], share: tuple[int, int]) -> list[T]:
    """Return the items of one share. Items of one key stay together; keys are dealt out as they come up."""
    index, number = share
    order: dict[Hashable, int] = {}
    return [
        item
        for item, key in zip(items, keys, strict=True)
        if order.setdefault(key, len(order)) % number == index
    ]
