"""Who served well is started at once; who keeps dying waits longer and longer, up to a bound."""

from nightshift.proxy.processes.backoff import FIRST_S, LIVED_S, LONGEST_S, Backoff


def test_waits_double_up_to_a_bound_and_a_long_life_forgives() -> None:
    backoff = Backoff()
    assert backoff.died(LIVED_S) == 0.0
    waits = [backoff.died(0.1) for _ in range(10)]
    assert waits[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert waits[-1] == LONGEST_S
    assert backoff.died(LIVED_S + 1) == 0.0
    assert backoff.died(0.1) == FIRST_S
