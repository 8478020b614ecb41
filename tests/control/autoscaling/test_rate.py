"""Requests per second from balancers' counters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.control.autoscaling.rate import RequestRate


def test_two_balancers_add_up_and_hand_overs_count_once() -> None:
    rate = RequestRate()
    assert rate.per_second(0) is None
    for now in range(0, 101, 20):
        rate.read(now, "b1", arrived=3 * now)
        rate.read(now, "b2", arrived=2 * now, from_peers=1 * now)
    assert rate.per_second(100) == pytest.approx(4)


def test_the_first_seconds_are_not_taken_for_a_minute() -> None:
    rate = RequestRate()
    rate.read(0, "b1", arrived=1_000_000)
    assert rate.per_second(0) is None
    rate.read(20, "b1", arrived=1_000_100)
    assert rate.per_second(20) == pytest.approx(5)


def test_a_restarted_balancer() -> None:
    rate = RequestRate()
    for now, arrived in ((0, 1000), (20, 1040), (40, 10), (60, 50)):
        rate.read(now, "b1", arrived=arrived)
    assert rate.per_second(60) == pytest.approx(90 / 60)


def test_who_is_silent_or_forgotten_fades() -> None:
    rate = RequestRate()
    for balancer in ("b1", "b2"):
        rate.read(0, balancer, arrived=0)
        rate.read(60, balancer, arrived=60)
    assert rate.per_second(60) == pytest.approx(2)
    rate.forget("b2")
    rate.forget("b3")
    assert rate.per_second(60) == pytest.approx(1)
    assert rate.per_second(200) is None


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=20))
def test_never_negative(counts: list[tuple[int, int]]) -> None:
    rate = RequestRate()
    for turn, (arrived, from_peers) in enumerate(counts):
        rate.read(20.0 * turn, "b1", arrived=arrived, from_peers=from_peers)
    found = rate.per_second(20.0 * (len(counts) - 1))
    assert found is not None
    assert found >= 0
