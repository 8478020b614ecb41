"""Percentiles are measured values; spreads hold their median."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.bench.proxy.statistics import Spread, percentile, spread

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1)


def test_nearest_rank() -> None:
    hundred = list(range(1, 101))
    assert percentile(hundred, 0.5) == 50
    assert percentile(hundred, 0.99) == 99
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([1.0, 2.0], 0.5) == 1.0


def test_no_values() -> None:
    assert spread([]) is None
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@given(VALUES, st.floats(0.001, 1.0))
def test_at_least_that_share_lies_at_or_below(values: list[float], share: float) -> None:
    found = percentile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= math.floor(share * len(values))
    assert sum(value < found for value in values) <= math.ceil(share * len(values))


@given(VALUES)
def test_a_spread_is_in_order(values: list[float]) -> None:
    one = spread(values)
    assert one is not None
    assert one.low <= one.median <= one.high
    assert Spread(one.median, min(values), max(values)) == one
