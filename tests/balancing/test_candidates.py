"""Masks and buckets say what going over all targets would say; ties fall evenly."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.candidates import Candidates, LoadIndex, bits, nth_slot
from nightshift.balancing.targets import Target

slots = st.sets(st.integers(0, 300), min_size=1)
loads = st.dictionaries(st.integers(0, 40), st.integers(0, 12), min_size=1)


def mask_of(members: set[int]) -> int:
    return sum(1 << slot for slot in members)


def index_of(by_slot: dict[int, int]) -> LoadIndex:
    index = LoadIndex()
    for slot, load in by_slot.items():
        index.enter(1 << slot, load)
    return index


@given(slots)
def test_bits_and_ranks(members: set[int]) -> None:
    mask = mask_of(members)
    assert [bit.bit_length() - 1 for bit in bits(mask)] == sorted(members)
    assert [nth_slot(mask, n) for n in range(len(members))] == sorted(members)


@given(loads, st.data())
def test_least_and_spread(by_slot: dict[int, int], data: st.DataObject) -> None:
    allowed = data.draw(st.sets(st.sampled_from(sorted(by_slot)), min_size=1))
    index = index_of(by_slot)
    fewest, most = min(by_slot[slot] for slot in allowed), max(by_slot[slot] for slot in allowed)
    assert index.spread(mask_of(allowed)) == (fewest, most)
    assert index.least(mask_of(allowed)) == mask_of({s for s in allowed if by_slot[s] == fewest})


@given(loads, st.lists(st.tuples(st.integers(0, 99), st.sampled_from([1, -1])), max_size=60))
def test_what_moves_is_where_it_is(by_slot: dict[int, int], moves: list[tuple[int, int]]) -> None:
    index = index_of(by_slot)
    for number, step in moves:
        slot = sorted(by_slot)[number % len(by_slot)]
        if by_slot[slot] + step < 0:
            continue
        index.leave(1 << slot, by_slot[slot])
        by_slot[slot] += step
        index.enter(1 << slot, by_slot[slot])
    everyone = mask_of(set(by_slot))
    assert index.spread(everyone) == (min(by_slot.values()), max(by_slot.values()))
    for slot, load in by_slot.items():
        assert index.spread(1 << slot) == (load, load)


def test_ties_fall_evenly() -> None:
    index, rng = index_of(dict.fromkeys(range(100), 3)), Random(0)
    index.enter(1 << 100, 2)
    among = Candidates(mask_of(set(range(100))), index, lambda slot: Target(str(slot), slot))
    counts = Counter(among.least_loaded(rng) for _ in range(20_000))
    assert set(counts) == set(range(100))
    assert 130 < min(counts.values()) <= max(counts.values()) < 280  # 200 each, 14 the standard deviation
