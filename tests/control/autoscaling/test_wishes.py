"""What each target asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.control.autoscaling.seen import Seen
from nightshift.control.autoscaling.wishes import MOST_GROWTH, wish_of
from nightshift.control.service.spec import Scaling

BY_RATE = Scaling(1, 10, target_qps_per_replica=2.0)
BY_WAIT = Scaling(0, 10, target_queue_s=4.0)
BOTH = Scaling(1, 10, target_qps_per_replica=2.0, target_queue_s=4.0)


@pytest.mark.parametrize(
    ("rate", "wish"), [(0.0, 1), (2.0, 1), (2.1, 2), (7.0, 4), (6.0 + 1e-12, 3), (99, 10)]
)
def test_by_rate(rate: float, wish: int) -> None:
    assert wish_of(BY_RATE, 2, Seen(ready=2, requests_per_s=rate)) == wish


@pytest.mark.parametrize(
    ("target", "seen", "wish"),
    [
        (4, Seen(ready=4, queue_wait_s=4.1), 5),
        (4, Seen(ready=4, queue_wait_s=400.0), 6),
        (1, Seen(ready=1, queue_wait_s=5.0), 2),
        (6, Seen(ready=4, launching=2, queue_wait_s=400.0), 6),
        (4, Seen(ready=4, queue_wait_s=3.0), 4),
        (4, Seen(ready=4, queue_wait_s=0.9), 3),
        (4, Seen(ready=4, queue_wait_s=None), 3),
        (4, Seen(ready=3, launching=1, queue_wait_s=0.0), 4),
        (4, Seen(ready=4, queue_wait_s=0.0, outstanding=61), 4),
        (4, Seen(ready=4, queue_wait_s=0.0, outstanding=60), 3),
        (4, Seen(ready=4, queue_wait_s=None, waiting=3), None),
        (0, Seen(ready=0, waiting=1), 1),
        (0, Seen(ready=0), 0),
        (2, Seen(ready=0, launching=2, waiting=9), 2),
    ],
)
def test_by_wait(target: int, seen: Seen, wish: int | None) -> None:
    assert wish_of(BY_WAIT, target, seen) == wish


def test_the_larger_of_both_and_what_is_unknown() -> None:
    assert wish_of(BOTH, 2, Seen(ready=2, requests_per_s=9.0, queue_wait_s=0.0)) == 5
    assert wish_of(BOTH, 2, Seen(ready=2, requests_per_s=1.0, queue_wait_s=9.0)) == 3
    assert wish_of(BOTH, 2, Seen(ready=2, queue_wait_s=9.0)) == 3
    assert wish_of(BY_RATE, 2, Seen(ready=2)) is None
    assert wish_of(Scaling(3, 9), 5, Seen(ready=5)) == 3, "no target: the least, as the original"


@given(target=st.integers(0, 10), ready=st.integers(0, 10), wait_s=st.floats(0, 1e6), rate=st.floats(0, 1e6))
def test_steps_are_bounded(target: int, ready: int, wait_s: float, rate: float) -> None:
    seen = Seen(ready=ready, queue_wait_s=wait_s, requests_per_s=rate, waiting=1)
    wish = wish_of(BY_WAIT, target, seen)
    assert wish is not None
    assert target - 1 <= wish <= max(target, MOST_GROWTH * ready + 1, 1)
    both = wish_of(BOTH, target, seen)
    assert both is not None
    assert both >= min(wish, BOTH.most)
