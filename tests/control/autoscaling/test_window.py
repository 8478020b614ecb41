"""Growth of counts: never negative, whatever restarts; a window has its share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.control.autoscaling.window import Window

STEPS = st.lists(st.tuples(st.floats(0.1, 50), st.integers(0, 1000), st.booleans()), max_size=30)


@given(STEPS)
def test_growth_is_what_was_counted_and_never_negative(steps: list[tuple[float, int, bool]]) -> None:
    window = Window(1e9)
    now, count, counted = 0.0, 500, 0
    window.read(now, (count,))
    for pause, more, restarts in steps:
        now += pause
        before, count = count, more if restarts else count + more
        # A restart that has outgrown what was there before cannot be told from a process that went on.
        counted += more if not restarts or more < before else more - before
        window.read(now, (count,))
        growth = window.growth(now)[0]
        assert growth >= 0
        assert growth == pytest.approx(counted)


def test_a_growth_is_shared_by_time() -> None:
    window = Window(60)
    window.read(0, (0,))
    assert window.growth(0) == ()
    assert window.known_since is None
    window.read(80, (80,))
    assert window.growth(80) == pytest.approx((60,))
    window.read(100, (80,))
    assert window.growth(100) == pytest.approx((40,))
    assert window.growth(160) == ()


def test_counts_begin_anew_together_and_time_stands_never_still() -> None:
    window = Window(60)
    window.read(0, (10, 100))
    window.read(10, (12, 5))
    assert window.growth(10) == (12, 5)
    window.read(10, (99, 99))
    assert window.growth(10) == (12, 5)
    window.read(20, (1, 2, 3))
    assert window.growth(20) == (1, 2, 3)
