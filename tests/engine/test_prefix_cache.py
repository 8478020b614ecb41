"""The radix tree against a model that is too simple to be wrong: a set of prefixes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.engine.prefix_cache import Node, PrefixCache
from nightshift.engine.tokens import BLOCK_TOKENS, BYTES_PER_TOKEN

BLOCK_BYTES = BLOCK_TOKENS * BYTES_PER_TOKEN


def text(blocks: str) -> bytes:
    """Return one block of text for each letter."""
    return b"".join(letter.encode() * BLOCK_BYTES for letter in blocks)


def put(cache: PrefixCache, blocks: str) -> Node:
    return cache.extend(cache.root, text(blocks), 0, len(blocks))


def held(cache: PrefixCache, blocks: str) -> int:
    return cache.match(text(blocks), len(blocks)).blocks


words = st.text("ab", min_size=1, max_size=7)


@given(st.lists(words, max_size=12), words)
def test_match_is_the_longest_common_prefix(stored: list[str], asked: str) -> None:
    cache = PrefixCache()
    prefixes = set()
    for word in stored:
        put(cache, word)
        prefixes |= {word[:end] for end in range(1, len(word) + 1)}
    longest = max((end for end in range(len(asked) + 1) if asked[:end] in prefixes), default=0)
    assert held(cache, asked) == longest
    assert cache.blocks == cache.evictable == len(prefixes)


@given(st.lists(words, min_size=1, max_size=12), st.data())
def test_pinned_prefixes_survive_and_the_rest_can_go(stored: list[str], data: st.DataObject) -> None:
    cache = PrefixCache()
    for word in stored:
        put(cache, word)
    pinned = data.draw(st.lists(st.sampled_from(stored), max_size=4))
    nodes = [cache.pin(cache.match(text(word), len(word))) for word in pinned]
    needed = {word[:end] for word in pinned for end in range(1, len(word) + 1)}
    assert cache.blocks - cache.evictable == len(needed)
    while cache.evictable:
        cache.evict(data.draw(st.integers(1, cache.evictable)))
    assert cache.blocks == len(needed)
    assert all(held(cache, word) == len(word) for word in pinned)
    for node in nodes:
        cache.unpin(node)
    assert cache.evictable == cache.blocks
    cache.evict(cache.blocks)
    assert cache.blocks == 0


def test_least_recently_used_goes_first_from_its_end() -> None:
    cache = PrefixCache()
    put(cache, "aaxx")
    put(cache, "aayy")
    put(cache, "aaxx")  # used again
    cache.evict(1)
    assert (held(cache, "aayy"), held(cache, "aaxx")) == (3, 4)
    cache.evict(2)
    assert (held(cache, "aayy"), held(cache, "aaxx")) == (2, 3)
    cache.evict(3)
    assert cache.blocks == 0


def test_a_match_may_end_inside_a_run_and_is_cut_there_when_pinned() -> None:
    cache = PrefixCache()
    put(cache, "abcd")
    match = cache.match(text("abxx"), 4)
    assert (match.blocks, cache.evictable_on(match)) == (2, 2)
    node = cache.pin(match)
    assert (cache.evictable, cache.blocks) == (2, 4)
    cache.evict(2)
    assert held(cache, "abcd") == 2
    cache.unpin(node)
    assert cache.evictable == 2


def test_limit_cuts_a_match() -> None:
    cache = PrefixCache()
    put(cache, "abcd")
    assert cache.match(text("abcd"), 3).blocks == 3


def test_evicting_more_than_there_is_fails() -> None:
    cache = PrefixCache()
    put(cache, "ab")
    with pytest.raises(IndexError):
        cache.evict(3)


def test_using_the_same_prefix_forever_takes_no_memory() -> None:
    cache = PrefixCache()
    for _ in range(2000):
        put(cache, "ab")
    assert len(cache._candidates) < 200
