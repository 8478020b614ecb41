"""The estimate follows the rate of placements, in whole seconds within bounds."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.drain import DrainRate


def test_ten_a_second_clear_a_hundred_in_about_ten() -> None:
    rate = DrainRate()
    for number in range(200):
        rate.placed(number / 10)
    assert 10 <= rate.retry_after_s(20.0, 100, Random(0)) <= 13


def test_the_estimate_grows_while_nothing_is_placed() -> None:
    rate = DrainRate()
    for number in range(64):
        rate.placed(number / 10)
    soon, late = (rate.retry_after_s(now, 20, Random(0)) for now in (7.0, 60.0))
    assert soon < late


@given(st.lists(st.floats(0, 1000), max_size=100), st.integers(0, 10_000))
def test_bounds(times: list[float], waiting: int) -> None:
    rate = DrainRate()
    for time_s in sorted(times):
        rate.placed(time_s)
    assert 1 <= rate.retry_after_s(1000.0, waiting, Random(0)) <= 60
