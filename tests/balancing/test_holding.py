"""Waiting a moment for the replica that has the prefix, while others have room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.balancing.test_balancer import FREE, FULL, balancer, peer_report, request

from nightshift.balancing.messages import Forward, HandOver
from nightshift.balancing.presets import PRESETS
from nightshift.balancing.switches import Across, Switches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nightshift.balancing.balancer import Balancer
    from nightshift.balancing.messages import Action

HOLDS = Switches(across=Across.NONE, hold_s=0.3)


def sent_to(actions: Sequence[Action]) -> list[tuple[str, str]]:
    return [(action.request_id, action.replica) for action in actions if isinstance(action, Forward)]


def with_a_busy_holder(switches: Switches = HOLDS, peers: str = "") -> tuple[Balancer, str, str]:
    """A balancer of two replicas, the one that holds `abcd` and has no room, and the other, which has."""
    made = balancer(switches, peers=peers)
    ((_, holder),) = sent_to(made.request_arrived(1.0, request("first", "abcd")))
    made.request_ended(1.1, "first")
    made.replica_probed(1.2, holder, FULL)
    return made, holder, {"a": "b", "b": "a"}[holder]


def test_it_waits_for_the_holder_and_goes_there() -> None:
    made, holder, _ = with_a_busy_holder()
    assert made.request_arrived(1.25, request("again", "abcde")) == []
    assert sent_to(made.replica_probed(1.3, holder, FREE)) == [("again", holder)]
    assert made.ledger.get("again") is not None


def test_when_its_time_is_over_it_goes_where_there_is_room() -> None:
    made, holder, other = with_a_busy_holder()
    made.request_arrived(1.25, request("again", "abcde"))
    assert made.replica_probed(1.5, holder, FULL) == []
    assert sent_to(made.time_passed(1.56)) == [("again", other)]


def test_nobody_waits_without_a_good_reason() -> None:
    made, _, other = with_a_busy_holder()
    assert sent_to(made.request_arrived(1.25, request("new", "wxyz"))) == [("new", other)]
    assert sent_to(made.request_arrived(1.25, request("half", "abuvw"))) == [("half", other)]
    assert sent_to(made.request_arrived(1.25, request("empty"))) == [("empty", other)]


def test_nobody_waits_when_who_has_room_holds_as_much() -> None:
    made, _, other = with_a_busy_holder()
    made.request_arrived(1.25, request("again", "abcd"))
    made.time_passed(1.6)  # its time is over, and the other holds the prefix now, too
    assert sent_to(made.request_arrived(1.7, request("third", "abcd"))) == [("third", other)]


def test_who_holds_does_not_hold_up_the_others() -> None:
    made, _, other = with_a_busy_holder()
    made.request_arrived(1.25, request("again", "abcd"))
    assert sent_to(made.request_arrived(1.3, request("other", "wxyz"))) == [("other", other)]


def test_who_holds_goes_to_no_peer() -> None:
    made, _, other = with_a_busy_holder(Switches(hold_s=0.3), peers="P")
    made.replica_probed(1.2, other, FULL)
    made.peer_reported(1.2, "P", peer_report(), 0.1)
    assert made.request_arrived(1.25, request("again", "abcd")) == []
    assert isinstance(made.time_passed(1.6)[0], HandOver)


def test_one_that_a_target_has_failed_with_is_tried_elsewhere_at_once() -> None:
    made, holder, other = with_a_busy_holder()
    ((_, first),) = sent_to(made.request_arrived(1.25, request("new", "wxyz")))
    assert first == other
    made.replica_probed(1.26, holder, FREE)
    assert sent_to(made.request_lost(1.3, "new")) == [("new", holder)]


def test_with_the_switch_off_who_holds_goes_on() -> None:
    made, _, other = with_a_busy_holder()
    made.request_arrived(1.25, request("again", "abcd"))
    actions = made.switches_changed(1.3, Switches(across=Across.NONE))
    assert sent_to(actions) == [("again", other)]


def test_of_the_systems_only_the_one_on_trial_holds() -> None:
    holding = [one.suffix for one in PRESETS if one.switches is not None and one.switches.hold_s]
    assert holding == ["nightshift_hold"]
