"""What signs alone can say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.bench.statistics import sign_flip_p, smallest_p

DIFFERENCES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8)


@pytest.mark.parametrize(("count", "p"), [(1, 1.0), (2, 0.5), (3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_pairs_that_all_agree_give_the_smallest_value(count: int, p: float) -> None:
    assert sign_flip_p([1.0 + k for k in range(count)]) == smallest_p(count) == p


def test_by_hand() -> None:
    # |1 + 2 - 4| = 1; the eight sums are +-7, +-5, +-3 and +-1: all are as far from zero.
    assert sign_flip_p([1.0, 2.0, -4.0]) == 1.0
    # |1 + 2 + 4 - 0.5| = 6.5; of sixteen, +-7.5 and +-6.5 are as far.
    assert sign_flip_p([1.0, 2.0, 4.0, -0.5]) == 4 / 16


def test_no_difference_says_nothing() -> None:
    assert sign_flip_p([0.0, 0.0, 0.0]) == 1.0
    assert sign_flip_p([]) is None


@settings(max_examples=50, deadline=None)
@given(DIFFERENCES)
def test_it_does_not_matter_which_system_comes_first(differences: list[float]) -> None:
    p = sign_flip_p(differences)
    assert p == sign_flip_p([-difference for difference in differences])
    assert p is not None
    assert smallest_p(len(differences)) <= p <= 1.0


def test_many_pairs_are_flipped_at_random_and_the_same_way_each_time() -> None:
    same = [(-1.0) ** k * (1 + k % 3) for k in range(30)]
    more = [1.0 + k % 3 for k in range(30)]
    assert sign_flip_p(same, seed=1) == sign_flip_p(same, seed=1)
    assert (sign_flip_p(same, seed=1) or 0) > 0.5
    assert (sign_flip_p(more, seed=1) or 1) < 0.001
