"""The interval of a mean over a few repetitions."""

from itertools import product
from math import sqrt
from random import Random
from statistics import fmean, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.bench.statistics import interval_of_mean
from nightshift.bench.statistics.intervals import bootstrap_error, t_975

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=5)


@settings(max_examples=30, deadline=None)
@given(VALUES)
def test_the_error_is_that_of_all_draws_with_replacement(values: list[float]) -> None:
    drawn = pstdev(fmean(draw) for draw in product(values, repeat=len(values)))
    assert bootstrap_error(values) == pytest.approx(drawn, rel=1e-6, abs=1e-6)


def test_the_error_is_that_of_many_random_draws() -> None:
    rng = Random(3)
    values = [rng.gauss(10, 2) for _ in range(12)]
    drawn = pstdev(fmean(rng.choices(values, k=12)) for _ in range(4000))
    assert bootstrap_error(values) == pytest.approx(drawn, rel=0.05)


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_95_of_100_intervals_have_the_true_mean(count: int) -> None:
    """Of normal figures; 3,000 trials have a standard error of 0.4 points."""
    rng = Random(f"coverage/{count}")
    hits = 0
    for _ in range(3000):
        around = interval_of_mean([rng.gauss(100.0, 7.0) for _ in range(count)])
        assert around is not None
        hits += around[0] <= 100.0 <= around[1]
    assert 0.935 <= hits / 3000 <= 0.965


def test_three_repetitions_by_hand() -> None:
    around = interval_of_mean([9.0, 10.0, 11.0])
    assert around == pytest.approx((10 - 4.303 / sqrt(3), 10 + 4.303 / sqrt(3)))


def test_one_repetition_has_no_interval() -> None:
    assert interval_of_mean([5.0]) is None
    assert interval_of_mean([]) is None


def test_no_spread_is_no_width() -> None:
    assert interval_of_mean([0.1, 0.1, 0.1]) == pytest.approx((0.1, 0.1), abs=1e-15)


@settings(max_examples=50, deadline=None)
@given(VALUES, st.floats(-1e3, 1e3))
def test_the_interval_moves_with_the_values(values: list[float], by: float) -> None:
    around, moved = interval_of_mean(values), interval_of_mean([value + by for value in values])
    assert around is not None
    assert moved is not None
    low, high = around
    assert low <= fmean(values) + 1e-6
    assert high >= fmean(values) - 1e-6
    assert moved == pytest.approx((low + by, high + by), rel=1e-6, abs=1e-4)


def test_the_quantile_falls_with_the_degrees() -> None:
    quantiles = [t_975(degrees) for degrees in range(1, 40)]
    assert quantiles == sorted(quantiles, reverse=True)
    assert quantiles[-1] > 1.96
