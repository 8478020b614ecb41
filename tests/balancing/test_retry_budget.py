"""Retries never exceed what was saved, a fifth of arrivals, and the reserve."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.retry_budget import RATIO, RESERVE_PER_S, RetryBudget


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 0.5)), max_size=300))
def test_bound(events: list[tuple[bool, float]]) -> None:
    budget = RetryBudget()
    now, arrivals, retries = 0.0, 0, 0
    for is_arrival, passed in events:
        now += passed
        if is_arrival:
            budget.arrived()
            arrivals += 1
        else:
            retries += budget.spend(now)
        assert retries <= 100 + RATIO * arrivals + RESERVE_PER_S * now + 1e-6


def test_it_runs_out_and_refills() -> None:
    budget = RetryBudget()
    assert sum(budget.spend(0.0) for _ in range(200)) == 100
    assert not budget.spend(0.05)
    assert budget.spend(0.2)
