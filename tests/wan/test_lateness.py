import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.wan.lateness import Lateness


@given(st.lists(st.floats(0, 0.3), min_size=1), st.floats(0.01, 1))
def test_a_quantile_bounds_its_share_of_deliveries(late_s: list[float], q: float) -> None:
    lateness = Lateness()
    for value in late_s:
        lateness.record(value)
    bound = lateness.quantile_s(q)
    assert sum(value <= bound for value in late_s) >= q * len(late_s) - 1e-9
    assert bound <= max(late_s)


def test_a_quantile_is_as_fine_as_a_bucket() -> None:
    lateness = Lateness()
    for value in (0.0012, 0.0012, 0.0012, 0.09):
        lateness.record(value)
    assert lateness.quantile_s(0.5) == pytest.approx(0.0012, abs=1.01e-4)
    assert lateness.summary_ms()["max"] == 90


def test_nothing_recorded_is_zero() -> None:
    assert Lateness().summary_ms() == {"p50": 0, "p99": 0, "max": 0}
