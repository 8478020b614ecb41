"""Requests that name a stored response go to the replica that holds it, or nowhere."""

import pytest
from tests.balancing.stored_requests import FREE, FULL, HERE, asks, balancer, outcomes, reads, stores

from nightshift.balancing.messages import Forward, Reject
from nightshift.balancing.switches import Across, Switches, ToReplicas


@pytest.mark.parametrize("generates", [True, False])
def test_it_goes_to_the_replica_that_stored_it(generates: bool) -> None:
    made = balancer(HERE)
    holders = {f"resp_{n}": stores(made, f"resp_{n}") for n in range(12)}
    assert len(set(holders.values())) > 1
    for response, holder in holders.items():
        (action,) = made.request_arrived(1.0, asks(response, response, generates=generates))
        assert isinstance(action, Forward)
        assert (action.replica, action.decision.reason) == (holder, "stored")
        made.request_ended(1.0, response)
    assert len(made.ledger) == 0


def test_the_model_does_not_matter() -> None:
    """The engine says what is wrong with the model: it is the only one that may be asked."""
    made = balancer(HERE, "a")
    stores(made, "resp_1")
    made.models_reported(0.0, "a", frozenset(["other"]))
    assert outcomes(made.request_arrived(1.0, asks("1", "resp_1", model="m"))) == ["a"]


def test_to_generate_waits_until_the_replica_has_room() -> None:
    made = balancer(HERE)
    holder = stores(made, "resp_1")
    made.replica_probed(0.1, holder, FULL)
    assert made.request_arrived(1.0, asks("1", "resp_1")) == []
    assert len(made.queue) == 1
    assert outcomes(made.replica_probed(1.1, holder, FREE)) == [holder]
    assert len(made.queue) == 0


def test_to_generate_does_not_hold_up_others() -> None:
    made = balancer(HERE)
    holder = stores(made, "resp_1")
    made.replica_probed(0.1, holder, FULL)
    made.request_arrived(1.0, asks("1", "resp_1"))
    (where,) = outcomes(made.request_arrived(1.0, asks("2", None)))
    assert where in set("abc") - {holder}


def test_an_overcommitting_system_sends_at_once() -> None:
    made = balancer(Switches(across=Across.NONE, overcommit=True))
    holder = stores(made, "resp_1")
    made.replica_probed(0.1, holder, FULL)
    assert outcomes(made.request_arrived(1.0, asks("1", "resp_1"))) == [holder]


def test_waiting_ends_as_any_other() -> None:
    made = balancer(Switches(across=Across.NONE, max_queue_s=10.0, stale_s=60.0))
    holder = stores(made, "resp_1")
    made.replica_probed(0.1, holder, FULL)
    made.request_arrived(1.0, asks("1", "resp_1"))
    made.request_arrived(1.0, asks("2", "resp_1", deadline=3.0))
    assert outcomes(made.time_passed(3.0)) == ["deadline_exceeded"]
    assert outcomes(made.time_passed(11.0)) == ["queue_timeout"]


def test_a_full_queue_refuses_it() -> None:
    made = balancer(Switches(across=Across.NONE, max_queue=1))
    holder = stores(made, "resp_1")
    made.replica_probed(0.1, holder, FULL)
    made.request_arrived(1.0, asks("1", "resp_1"))
    assert outcomes(made.request_arrived(1.0, asks("2", "resp_1"))) == ["queue_full"]


def test_reading_does_not_wait_for_room() -> None:
    made = balancer(HERE)
    holder = stores(made, "resp_1")
    made.replica_probed(0.1, holder, FULL)
    assert outcomes(made.request_arrived(1.0, reads("1", "resp_1"))) == [holder]


def test_who_waits_is_told_when_the_replica_goes() -> None:
    made = balancer(HERE)
    holder = stores(made, "resp_1")
    made.replica_probed(0.1, holder, FULL)
    made.request_arrived(1.0, asks("1", "resp_1"))
    rest = set("abc") - {holder}
    assert outcomes(made.targets_changed(2.0, replicas=rest, peers=())) == ["response_gone"]
    assert len(made.queue) == 0


@pytest.mark.parametrize("generates", [True, False])
def test_a_replica_that_is_gone_took_it_along(generates: bool) -> None:
    made = balancer(HERE)
    holder = stores(made, "resp_1")
    made.targets_changed(0.5, replicas=set("abc") - {holder}, peers=())
    (refused,) = made.request_arrived(1.0, asks("1", "resp_1", generates=generates))
    assert isinstance(refused, Reject)
    assert (refused.status, refused.code, refused.may_retry) == (404, "response_gone", False)
    made.targets_changed(1.5, replicas="abc", peers=())
    made.replica_probed(1.5, holder, FREE)
    again = made.request_arrived(2.0, asks("2", "resp_1", generates=generates))
    assert outcomes(again) == ["response_gone"]  # another engine, under the same name


def test_a_draining_replica_is_read_and_generates_no_more() -> None:
    made = balancer(HERE)
    holder = stores(made, "resp_1")
    made.replica_draining(0.5, holder, True)
    assert outcomes(made.request_arrived(1.0, reads("1", "resp_1"))) == [holder]
    assert outcomes(made.request_arrived(1.0, asks("2", "resp_1"))) == ["response_gone"]
    made.replica_failed(1.5, holder)
    assert outcomes(made.request_arrived(2.0, reads("3", "resp_1"))) == ["response_not_ready"]


def test_a_replica_that_is_down_may_come_back() -> None:
    made = balancer(HERE)
    holder = stores(made, "resp_1")
    made.replica_failed(0.5, holder)
    (refused,) = made.request_arrived(1.0, asks("1", "resp_1"))
    assert isinstance(refused, Reject)
    assert (refused.status, refused.code) == (503, "response_not_ready")
    assert refused.retry_after_s is not None
    made.replica_probed(1.5, holder, FREE)
    assert outcomes(made.request_arrived(2.0, asks("2", "resp_1"))) == [holder]


def test_it_is_not_sent_elsewhere_when_the_replica_cannot_be_reached() -> None:
    made = balancer(HERE)
    stores(made, "resp_1")
    made.request_arrived(1.0, asks("1", "resp_1"))
    assert outcomes(made.request_undelivered(1.1, "1")) == ["response_not_ready"]
    assert len(made.ledger) == len(made.queue) == 0


def test_it_is_not_sent_elsewhere_when_the_replica_fails() -> None:
    made = balancer(HERE)
    holder = stores(made, "resp_1")
    made.request_arrived(1.0, asks("1", "resp_1"))
    assert outcomes(made.request_lost(1.1, "1")) == ["upstream_lost"]
    made.replica_probed(1.2, holder, FREE)
    made.request_arrived(2.0, asks("2", "resp_1"))
    assert outcomes(made.request_refused(2.1, "2")) == ["pass on"]
    made.request_ended(2.2, "2")
    assert len(made.ledger) == 0


def test_a_region_that_may_not_serve_it_does_not() -> None:
    made = balancer(HERE, "")
    made.targets_changed(0.0, replicas="a", peers=(), replica_regions={"a": "us"})
    made.replica_probed(0.0, "a", FREE)
    stores(made, "resp_1")
    eu = asks("1", "resp_1", regions=frozenset(["eu"]))
    assert outcomes(made.request_arrived(1.0, eu)) == ["residency"]


def test_a_thief_does_not_get_it() -> None:
    made = balancer(Switches(across=Across.STEAL_AVERAGE), peers="p")
    holder = stores(made, "resp_1")
    made.replica_probed(0.1, holder, FULL)
    made.request_arrived(1.0, asks("1", "resp_1"))
    assert made.steal_asked(1.1, "p", 1) == []


def test_an_answer_of_a_request_that_is_over_says_nothing() -> None:
    made = balancer(HERE)
    made.response_stored(0.0, "nobody", "resp_1")
    assert len(made.stored.responses) == 0


@pytest.mark.parametrize("across", [Across.PUSH, Across.SELECTIVE_PUSH, Across.STEAL_AVERAGE, Across.NONE])
@pytest.mark.parametrize("to_replicas", ToReplicas)
def test_in_every_system(across: Across, to_replicas: ToReplicas) -> None:
    made = balancer(Switches(across=across, to_replicas=to_replicas), peers="p")
    holder = stores(made, "resp_1")
    for n in range(4):
        asked = made.request_arrived(1.0, asks(str(n), "resp_1"))
        assert outcomes(asked) == [holder]
        made.request_ended(1.1, str(n))
