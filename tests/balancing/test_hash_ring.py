"""Consistent hashing moves only the keys of the target that came or went."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.hash_ring import HashRing

KEYS = [f"user-{number}" for number in range(500)]
target_sets = st.sets(st.sampled_from("ABCDEFGH"), min_size=2)


@given(target_sets)
def test_removing_a_target_moves_only_its_keys(targets: set[str]) -> None:
    gone = min(targets)
    before, after = HashRing(targets), HashRing(targets - {gone})
    for key in KEYS:
        owner = before.find(key, targets)
        if owner != gone:
            assert after.find(key, targets) == owner


@given(target_sets)
def test_an_unavailable_target_is_skipped_as_if_it_were_gone(targets: set[str]) -> None:
    gone = max(targets)
    ring, without = HashRing(targets), HashRing(targets - {gone})
    assert all(ring.find(k, targets - {gone}) == without.find(k, targets) for k in KEYS)


def test_keys_spread() -> None:
    ring = HashRing("ABCD")
    owners = [ring.find(f"k{number}", "ABCD") for number in range(4000)]
    shares = [owners.count(target) / 4000 for target in "ABCD"]
    assert min(shares) > 0.18
    assert max(shares) < 0.32


def test_nobody_allowed_is_nobody() -> None:
    assert HashRing("AB").find("key", ()) is None
    assert HashRing(()).find("key", "AB") is None
