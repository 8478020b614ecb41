"""What scaling down must leave."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.control.autoscaling.holding import FULLEST, HOLDS, after_drain, needed_to_hold
from nightshift.control.autoscaling.seen import Seen


def test_by_requests_and_by_memory() -> None:
    assert needed_to_hold(Seen(ready=4)) == 0
    assert needed_to_hold(Seen(ready=4, outstanding=40)) == 2
    assert needed_to_hold(Seen(ready=4, outstanding=40, waiting=1)) == 3
    assert needed_to_hold(Seen(ready=4, kv_use=0.6)) == 3
    assert needed_to_hold(Seen(ready=4, kv_use=0.7)) == 4
    assert needed_to_hold(Seen(ready=4, outstanding=9), holds=3) == 3


def test_an_overloaded_fleet_loses_nothing_not_even_what_is_coming() -> None:
    assert after_drain(1, 5, Seen(ready=2, launching=3, outstanding=60)) == 5


@given(
    wish=st.integers(0, 20),
    more=st.integers(1, 20),
    ready=st.integers(0, 40),
    draining=st.integers(0, 5),
    outstanding=st.integers(0, 500),
    kv_use=st.none() | st.floats(0, 1),
)
def test_the_rest_holds_what_runs(
    *, wish: int, more: int, ready: int, draining: int, outstanding: int, kv_use: float | None
) -> None:
    target = wish + more
    seen = Seen(
        ready=ready,
        launching=max(0, target - ready),
        draining=draining,
        outstanding=outstanding,
        kv_use=kv_use,
    )
    left = after_drain(wish, target, seen)
    assert wish <= left <= target
    stay = min(left, ready)
    if stay < min(target, ready):  # ready ones go
        assert outstanding <= HOLDS * stay
        assert kv_use is None or ready * kv_use <= FULLEST * stay + 1e-6
