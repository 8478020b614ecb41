"""The table of states, and the page that says the same."""

from pathlib import Path

import pytest

from nightshift.control.lifecycle.states import BROKEN, LEAVING, LIVING, TABLE, ServiceState, State, checked

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "service-states.md"


def test_every_state_is_in_the_table_and_on_the_page() -> None:
    assert set(TABLE) == set(State)
    page = PAGE.read_text()
    for state, row in TABLE.items():
        following = ", ".join(other for other in State if other in row.next)
        assert f"| {state} | {row.means} | {row.ends} | {following} |" in page
    for service_state in ServiceState:
        assert f"\n| {service_state} | " in page


def test_every_state_can_be_reached_and_left() -> None:
    reached = {State.PENDING}.union(*(row.next for row in TABLE.values()))
    assert reached == set(State)
    assert all(row.next for row in TABLE.values())


def test_a_transition_that_is_not_in_the_table_is_a_defect() -> None:
    assert checked(State.READY, State.READY) is State.READY
    with pytest.raises(ValueError, match="FAILED cannot become READY"):
        checked(State.FAILED, State.READY)


def test_the_groups_cover_all_states_but_one() -> None:
    assert LIVING | LEAVING | {State.DRAINING} == set(State)
    assert BROKEN < LEAVING
    assert not LIVING & LEAVING
