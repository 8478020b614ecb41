"""Consistent hashing moves only the keys of the target that came or went."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nightshift.balancing import hash_ring
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


def test_the_mapping_is_the_one_of_old() -> None:
    """Keys must not move when Nightshift is updated: their replicas hold what they had asked for."""
    ring = HashRing("ABCDEFGH")
    assert "".join(str(ring.find(key, "ABCDEFGH")) for key in KEYS[:32]) == "BHHBGBBCHACCCDDCGHGEBBHCGCHABGBH"


@given(target_sets, st.lists(st.sampled_from("ABCDEFGH"), max_size=12))
def test_changes_one_by_one_give_the_same_ring(targets: set[str], changes: list[str]) -> None:
    ring, targets = HashRing(targets), set(targets)
    for target in changes:
        if target in targets:
            ring.remove(target)
        else:
            ring.add(target)
        targets ^= {target}
        fresh = HashRing(targets)
        assert [ring.find(key, targets) for key in KEYS[:50]] == [
            fresh.find(key, targets) for key in KEYS[:50]
        ]


@given(st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=12))
@example(["A", "B", "A"])
def test_points_that_collide_belong_to_the_lesser_name(changes: list[str]) -> None:
    targets: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hash_ring, "_hash", lambda text: ord(text[-1]) % 4)
        ring = HashRing(targets)
        for target in changes:
            (ring.remove if target in targets else ring.add)(target)
            targets ^= {target}
        owners = [ring.find(str(number), targets) for number in range(4)]
        assert owners == [HashRing(targets).find(str(number), targets) for number in range(4)]
        assert set(owners) <= {min(targets, default=None)}
