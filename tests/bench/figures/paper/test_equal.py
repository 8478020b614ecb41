import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.bench.figures.paper.equal import equal_points, replicas_for

LOCAL = [(3.0, 100.0), (6.0, 190.0), (9.0, 260.0), (12.0, 300.0)]
WALKER = [(3.0, 120.0), (6.0, 220.0), (9.0, 300.0), (12.0, 330.0)]


def test_nine_equal_twelve() -> None:
    last = list(equal_points(WALKER, LOCAL))[-1]
    assert (last.other_replicas, last.replicas) == (12.0, 9.0)
    assert last.saving == pytest.approx(0.25)


def test_between_two_points_it_is_a_line() -> None:
    assert replicas_for(WALKER, 170.0) == pytest.approx(4.5)


def test_beyond_what_was_measured_nothing_is_said() -> None:
    assert replicas_for(WALKER, 331.0) is None
    assert replicas_for(WALKER, 119.0) is None
    assert replicas_for([], 1.0) is None
    assert [one.other_replicas for one in equal_points(WALKER, LOCAL)] == [6.0, 9.0, 12.0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1.0, 1e4), min_size=2, max_size=8, unique=True))
def test_a_curve_equals_itself(throughputs: list[float]) -> None:
    curve = [(float(place), value) for place, value in enumerate(sorted(throughputs), start=1)]
    for one in equal_points(curve, curve):
        assert one.replicas == pytest.approx(one.other_replicas, abs=1e-6)
