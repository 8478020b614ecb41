"""The index agrees with a naive memory of what was inserted, and never exceeds its budget."""

import random
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nightshift.balancing.messages import PromptKey
from nightshift.balancing.prefix_index import NODE_BYTES, PrefixIndex

BIG = 2**30
texts = st.binary(max_size=12).map(lambda raw: bytes(byte % 3 + 97 for byte in raw))
inserts = st.lists(st.tuples(st.sampled_from("ABC"), texts), max_size=30)


def key(text: bytes, namespace: str = "model") -> PromptKey:
    return PromptKey(namespace, text)


def common(a: bytes, b: bytes) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


@given(inserts, texts, st.sets(st.sampled_from("ABC")))
@example([("A", b"abc"), ("B", b"abd")], b"abde", {"A"})
@example([("A", b"ab"), ("B", b"ab")], b"abc", {"A", "B"})
def test_a_match_is_what_a_naive_memory_says(
    history: list[tuple[str, bytes]], text: bytes, allowed: set[str]
) -> None:
    index = PrefixIndex(BIG)
    for target, inserted in history:
        index.insert(key(inserted), target)
    length, targets = index.match(key(text), allowed)
    best = max((common(text, t) for who, t in history if who in allowed), default=0)
    holders = {who for who, t in history if who in allowed and common(text, t) == best and best > 0}
    assert length == best
    assert set(targets) == holders


@given(inserts, st.integers(0, 20))
def test_the_budget_holds_after_every_insert(history: list[tuple[str, bytes]], nodes: int) -> None:
    budget = nodes * (NODE_BYTES + 4)
    index = PrefixIndex(budget)
    for target, text in history:
        index.insert(key(text), target)
        assert 0 <= index.used_bytes <= budget


@given(st.lists(st.tuples(st.integers(0, 99), texts), max_size=30))
def test_wide_masks_and_long_names_are_given_back(history: list[tuple[int, bytes]]) -> None:
    index = PrefixIndex(0)
    index.set_targets(str(number) for number in range(100))
    for number in range(100):
        index.insert(key(b"x"), str(number))
    for number, text in history:
        index.insert(key(text, "m" * number), str(number))
        assert index.used_bytes == 0


def test_a_name_from_a_client_is_paid_for() -> None:
    index = PrefixIndex(100_000)
    index.insert(key(b"hello", "m" * 60_000), "A")
    assert index.used_bytes == 0
    assert index.match(key(b"hello", "m" * 60_000), "A").length == 0


@given(inserts)
def test_what_remains_under_pressure_is_true(history: list[tuple[str, bytes]]) -> None:
    index = PrefixIndex(6 * NODE_BYTES)
    for target, text in history:
        index.insert(key(text), target)
        for target_, text_ in history:
            length, targets = index.match(key(text_), "ABC")
            for holder in targets:
                assert any(who == holder and common(t, text_) >= length for who, t in history), target_


def test_the_least_recently_used_goes_first() -> None:
    index = PrefixIndex(4 * NODE_BYTES + 20)  # the root with its name and three prompts of two bytes
    for text in (b"a1", b"b1", b"c1"):
        index.insert(key(text), "A")
    index.insert(key(b"a1"), "A")  # used again
    index.insert(key(b"d1"), "A")
    assert [index.match(key(text), "A").length for text in (b"a1", b"b1", b"c1", b"d1")] == [2, 0, 2, 2]


def test_models_and_adapters_are_kept_apart() -> None:
    index = PrefixIndex(BIG)
    index.insert(key(b"hello", "base"), "A")
    assert index.match(key(b"hello", "base+adapter"), "A").length == 0


def test_a_namespace_that_is_empty_leaves_nothing() -> None:
    index = PrefixIndex(2 * NODE_BYTES + 100)
    for number in range(1000):
        index.insert(key(b"hello", f"model-{number}"), "A")
    assert index.used_bytes <= 2 * NODE_BYTES + 100
    assert index.match(key(b"hello", "model-999"), "A").length == 5


def test_a_target_that_comes_back_holds_nothing() -> None:
    index = PrefixIndex(BIG)
    index.set_targets(["A", "B"])
    index.insert(key(b"hello"), "A")
    index.insert(key(b"hello"), "B")
    index.set_targets(["B"])
    index.set_targets(["A", "B"])
    assert index.match(key(b"hello"), ["A", "B"]).targets == ["B"]


@pytest.mark.parametrize(("shared", "prompts_per_target"), [(0, 20_000), (600, 20_000), (0, 10)])
def test_accounted_bytes_bound_the_memory_that_is_used(shared: int, prompts_per_target: int) -> None:
    """Also when targets come and go: each new one makes the masks of holders wider."""
    rng = random.Random(1)
    budget = 2 * 2**20
    prompts = [b"s" * rng.randrange(shared + 1) + rng.randbytes(200) for _ in range(20_000)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        index = PrefixIndex(budget)
        for number, prompt in enumerate(prompts):
            target = str(number // prompts_per_target)
            index.set_targets([target])
            index.insert(key(prompt), target)
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert index.used_bytes > budget // 2
    assert used <= budget
