"""Digests of blocks: equal for what two prompts share, and for nothing else."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from xxhash import xxh32_digest, xxh32_intdigest

from nightshift.balancing.blocks import BOUNDARIES, digests

sizes = st.integers(0, 200_000)


def text(size: int, seed: int = 0) -> bytes:
    return (seed.to_bytes(1, "big") + b"0123456789" * (size // 10 + 1))[:size]


def split(found: bytes) -> list[bytes]:
    return [found[at : at + 4] for at in range(0, len(found), 4)]


@given(sizes)
@example(65_536)
@example(65_537)
@example(131_072)
@example(700_000)
def test_each_block_has_its_digest_in_order(size: int) -> None:
    whole = text(size)
    seed = xxh32_intdigest(b"name", 5)
    blocks = [whole[a:b] for a, b in pairwise(BOUNDARIES) if a < size]
    assert digests("name", whole, 5) == b"".join(xxh32_digest(block, seed) for block in blocks)


@given(st.binary(max_size=4000), st.binary(max_size=200), st.binary(max_size=200))
def test_a_common_prefix_has_common_digests_for_its_whole_blocks(shared: bytes, a: bytes, b: bytes) -> None:
    one, other = split(digests("m", shared + a)), split(digests("m", shared + b))
    whole = sum(1 for end in BOUNDARIES[1:] if end <= len(shared))
    assert one[:whole] == other[:whole]
    assert (one == other) == (a == b)


@given(st.binary(min_size=1, max_size=300))
def test_names_and_seeds_keep_apart(prompt: bytes) -> None:
    keys = [digests("m", prompt), digests("n", prompt), digests("m", prompt, 1), digests("\ud800", prompt)]
    firsts = [split(key)[0] for key in keys]
    assert len(set(firsts)) == 4


def test_nothing_has_no_digest() -> None:
    assert digests("m", b"") == b""


def test_blocks_are_64_bytes_and_grow_with_their_position_to_a_sixteenth() -> None:
    assert BOUNDARIES[:33] == tuple(range(0, 2049, 64))
    for start, end in pairwise(BOUNDARIES[16:]):
        assert start / 32 <= end - start <= start / 16
    assert BOUNDARIES[-1] >= 2**39, "longer than any body may be"
