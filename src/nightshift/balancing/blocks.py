"""A prompt becomes digests of its blocks: what two prompts share can be told, what they say cannot.

The boundaries of blocks are the same for every prompt: each 64 bytes up to 2 kB, then 16 blocks for each
doubling of the position, so a block is 3 to 6 % of what stands before it. Prompts with a common prefix have
equal digests for the whole blocks in it. What is left at the end, less than a block, is a digest too: it is
found by an exact repeat only. 64 bytes are about 16 tokens, the block that vLLM caches by; finer is no use.

A digest is XXH32, 4 bytes, seeded with the caller's seed and the namespace. Two different blocks at one place
are taken for the same with a chance of 2^-32; the cost is a request at a replica that holds less than was
believed. It is no cryptographic hash: who knows the seed can test a guess, so a process should draw one.

Cutting with one `struct` takes half the time of slices; long blocks are sliced one by one, because hundreds
of kilobytes of copies at once cost more than they save.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise, repeat
from struct import Struct

from xxhash import xxh32_digest, xxh32_intdigest

DIGEST_BYTES = 4
_FIRST_BYTES = 64
_PER_DOUBLING = 16
_LONGEST = 2**40
_CUT_AT_ONCE = 2**16


def _boundaries() -> Iterator[int]:
    at, size = 0, _FIRST_BYTES
    while at < _LONGEST:
        yield at
        if at == 2 * _PER_DOUBLING * size:
            size *= 2
        at += size


BOUNDARIES = tuple(_boundaries())
"""Bytes of a prompt that so many whole blocks cover."""

_SLICES = [slice(start, end) for start, end in pairwise(BOUNDARIES)]
_SIZES = [f"{end - start}s" for start, end in pairwise(BOUNDARIES)]
_CUTS = tuple(Struct("".join(_SIZES[:count])) for count in range(bisect_right(BOUNDARIES, _CUT_AT_ONCE)))


def digests(namespace: str, text: bytes, seed: int = 0) -> bytes:
    """Return the digests of the blocks of `text`, one after another. No text, no digest."""
    seeds = repeat(xxh32_intdigest(namespace.encode("utf-8", "surrogatepass"), seed))
    whole = min(bisect_right(BOUNDARIES, len(text)), len(_CUTS)) - 1
    found = b"".join(map(xxh32_digest, _CUTS[whole].unpack_from(text), seeds))
    if BOUNDARIES[whole] == len(text):
        return found
    rest = _SLICES[whole : bisect_left(BOUNDARIES, len(text))]
    return found + b"".join(map(xxh32_digest, map(text.__getitem__, rest), seeds))
