"""A distribution in five numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.bench.measures import Spread

VALUES = st.lists(st.floats(0, 1e6), min_size=1)


@given(VALUES)
def test_percentiles_are_in_order(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread is not None
    assert min(values) <= spread.p50 <= spread.p90 <= spread.p95 <= spread.p99 <= max(values)


@given(VALUES)
def test_percentiles_are_those_of_sorted_values_by_hand(values: list[float]) -> None:
    """Linear between neighbours: place p of n values is p * (n - 1) from the lowest."""
    spread = Spread.of(values)
    assert spread is not None
    ordered = sorted(values)
    for share, found in ((0.5, spread.p50), (0.9, spread.p90), (0.95, spread.p95), (0.99, spread.p99)):
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        by_hand = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
        assert found == pytest.approx(by_hand, rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(0, 1e6) | st.just(float("nan"))))
def test_what_is_not_known_is_left_out(values: list[float]) -> None:
    known = [value for value in values if not np.isnan(value)]
    assert Spread.of(values) == Spread.of(known)
    assert (Spread.of(values) is None) == (not known)
