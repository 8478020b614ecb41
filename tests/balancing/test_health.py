"""A replica's states, one transition at a time; the page of states says what the table says."""

from pathlib import Path
from random import Random

import pytest

from nightshift.balancing.health import TABLE, Health, State
from nightshift.balancing.outliers import Outliers
from nightshift.balancing.switches import Ejection
from nightshift.balancing.targets import Replica

RULES = Ejection(failures=3, base_s=10.0, longest_s=35.0, jitter=0.0)
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "replica-states.md"


def health(breaker: State = State.UP) -> Health:
    made = Health(RULES)
    made.signal = State.UP
    made.breaker = breaker
    return made


def replica(id_: str, failed_at: float = 0.0) -> Replica:
    made = Replica(id_, health=health())
    made.health.failed_at = failed_at
    return made


def test_every_state_is_in_the_table_and_on_the_page() -> None:
    assert set(TABLE) == set(State)
    page = PAGE.read_text()
    for state, row in TABLE.items():
        assert f"| {state.value} | {row.takes.value} | {row.begins} | {row.ends} |" in page


@pytest.mark.parametrize(
    ("signal", "breaker", "draining", "shown"),
    [
        (State.STALE, State.UP, False, State.STALE),
        (State.STALE, State.EJECTED, False, State.EJECTED),
        (State.DOWN, State.EJECTED, False, State.DOWN),
        (State.UP, State.HALF_OPEN, False, State.HALF_OPEN),
        (State.UP, State.HALF_OPEN, True, State.DRAINING),
        (State.DOWN, State.UP, True, State.DRAINING),
    ],
)
def test_the_most_severe_is_shown(signal: State, breaker: State, draining: bool, shown: State) -> None:
    made = health(breaker)
    made.signal, made.draining = signal, draining
    assert made.state is shown


def test_failures_count_in_a_row() -> None:
    made = health()
    assert [made.failed(0.0, "1"), made.failed(0.0, "2")] == [False, False]
    made.succeeded("3")
    assert [made.failed(0.0, "4"), made.failed(0.0, "5"), made.failed(0.0, "6")] == [False, False, True]


def test_what_ends_without_a_verdict_counts_as_neither() -> None:
    made = health()
    made.failed(0.0, "1")
    made.failed(0.0, "2")
    assert not made.unjudged("3")
    assert made.failed(0.0, "4")


def test_each_ejection_in_a_row_takes_twice_as_long_up_to_the_longest() -> None:
    made, now, lengths = health(), 0.0, []
    for _ in range(4):
        made.eject(now, Random(0))
        lengths.append(made.until - now)
        now = made.until
        made.half_open(now)
        made.sent("trial")
        assert made.failed(now, "trial")
    assert lengths == [10.0, 20.0, 35.0, 35.0]


def test_who_was_well_for_long_starts_anew() -> None:
    made = health()
    made.eject(0.0, Random(0))
    made.eject(10.0, Random(0))
    assert made.until == 30.0
    made.eject(49.0, Random(0))
    assert made.until == 49.0 + 35.0
    made.eject(84.0 + 35.0, Random(0))
    assert made.until == 84.0 + 35.0 + 10.0


def test_jitter_comes_from_the_generator() -> None:
    untils = set()
    for seed in range(5):
        made = Health(Ejection(base_s=10.0, jitter=0.5))
        made.eject(0.0, Random(seed))
        assert 10.0 <= made.until <= 15.0
        untils.add(made.until)
    assert len(untils) == 5


class TestHalfOpen:
    def test_only_the_trial_decides(self) -> None:
        made = health(State.HALF_OPEN)
        made.sent("trial")
        made.sent("another")
        assert made.trial == "trial"
        assert not made.succeeded("another")
        assert not made.failed(1.0, "another")
        assert made.succeeded("trial")
        assert made.state is State.UP

    def test_a_trial_without_a_verdict_makes_room_for_another(self) -> None:
        made = health(State.HALF_OPEN)
        made.sent("trial")
        assert made.unjudged("trial")
        made.sent("next")
        assert made.trial == "next"

    def test_what_was_there_before_does_not_end_an_ejection(self) -> None:
        made = health(State.EJECTED)
        assert not made.succeeded("old")
        assert not made.failed(1.0, "old")
        assert made.state is State.EJECTED


class TestOutliers:
    def test_a_lone_replica_is_never_ejected(self) -> None:
        assert Outliers(RULES, Random(0)).eject(0.0, replica("a"), 1) == []

    def test_at_the_limit_who_failed_longest_ago_is_let_out(self) -> None:
        outliers = Outliers(RULES, Random(0))
        first, second, third = (replica(id_, at) for id_, at in (("a", 1.0), ("b", 2.0), ("c", 3.0)))
        outliers.eject(1.0, first, 4)
        outliers.eject(2.0, second, 4)
        assert outliers.eject(3.0, third, 4) == [first, third]
        states = [r.health.state for r in (first, second, third)]
        assert states == [State.HALF_OPEN, State.EJECTED, State.EJECTED]

    def test_all_come_back_when_their_time_is_over(self) -> None:
        outliers = Outliers(RULES, Random(0))
        first, second = replica("a"), replica("b")
        outliers.eject(0.0, first, 4)
        outliers.eject(5.0, second, 4)
        assert outliers.back(9.9) == []
        assert outliers.back(10.0) == [first]
        assert outliers.back(15.0) == [second]
        assert len(outliers) == 0

    def test_when_replicas_leave_the_share_still_holds(self) -> None:
        outliers = Outliers(RULES, Random(0))
        first, second, third = replica("a", 1.0), replica("b", 2.0), replica("c")
        outliers.eject(1.0, first, 4)
        outliers.eject(2.0, second, 4)
        assert outliers.keep(3.0, [first, second, third]) == [first]
        assert outliers.keep(3.0, [third]) == []
        assert len(outliers) == 0
