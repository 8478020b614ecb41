"""Requests that name a stored response: they go to who holds it, or nowhere."""

from collections.abc import Sequence
from random import Random

import pytest

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import (
    Action,
    Forward,
    HandOver,
    PassOn,
    PeerReport,
    PromptKey,
    Reject,
    ReplicaReport,
    Request,
    StoredResponse,
)
from nightshift.balancing.switches import Across, Switches, ToReplicas

FREE, FULL = ReplicaReport(pending=0, running=3), ReplicaReport(pending=1, running=9)
HERE, REGIONAL = Switches(across=Across.NONE), Switches()
PEER = PeerReport(0, 0, 0, 1, 1)
NO_PROMPT = PromptKey.of("m", b"")


def balancer(switches: Switches = REGIONAL, replicas: str = "abc", peers: str = "") -> Balancer:
    made = Balancer(name="me", switches=switches, rng=Random(0))
    made.targets_changed(0.0, replicas=replicas, peers=peers)
    for replica in replicas:
        made.replica_probed(0.0, replica, FREE)
    for number, peer in enumerate(peers):
        made.peer_reported(0.0, peer, PEER, 0.01 * (number + 1))
    return made


def asks(
    id_: str,
    response: str | None,
    *,
    generates: bool = True,
    tenant: str | None = None,
    from_peer: str | None = None,
    model: str = "",
    regions: frozenset[str] | None = None,
    deadline: float | None = None,
) -> Request:
    stored = None if response is None else StoredResponse(response, generates=generates)
    return Request(
        id_,
        NO_PROMPT,
        from_peer=from_peer,
        tenant=tenant,
        model=model,
        regions=regions,
        deadline=deadline,
        stored=stored,
    )


def reads(id_: str, response: str, *, tenant: str | None = None, from_peer: str | None = None) -> Request:
    return asks(id_, response, generates=False, tenant=tenant, from_peer=from_peer)


def outcomes(actions: Sequence[Action]) -> list[str]:
    """Each action as where it went, the code of its refusal, or "pass on"."""
    said = []
    for action in actions:
        match action:
            case Forward(replica=target) | HandOver(peer=target):
                said.append(target)
            case Reject(code=code):
                said.append(code)
            case PassOn():
                said.append("pass on")
    return said


def stores(made: Balancer, response: str, *, tenant: str | None = None, from_peer: str | None = None) -> str:
    """Have a response made and stored; return who holds it."""
    first = asks(f"first of {response}", None, tenant=tenant, from_peer=from_peer)
    (where,) = outcomes(made.request_arrived(0.0, first))
    made.response_stored(0.0, first.id, response)
    made.request_ended(0.0, first.id)
    return where


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


# With keys


def test_another_clients_response_is_not_found() -> None:
    made = balancer(HERE)
    holder = stores(made, "resp_1", tenant="alice")
    assert outcomes(made.request_arrived(1.0, reads("1", "resp_1", tenant="alice"))) == [holder]
    (bobs,) = made.request_arrived(1.0, reads("2", "resp_1", tenant="bob"))
    (never,) = made.request_arrived(1.0, reads("3", "resp_2", tenant="bob"))
    assert isinstance(bobs, Reject)
    assert isinstance(never, Reject)
    assert (bobs.status, bobs.code) == (never.status, never.code) == (404, "response_not_found")
    assert bobs.message.replace("resp_1", "resp_2") == never.message


# Unknown ones


def test_an_unknown_one_is_placed_once_without_keys() -> None:
    made = balancer(HERE, "a")
    assert outcomes(made.request_arrived(1.0, reads("1", "resp_1"))) == ["a"]
    made.response_stored(1.1, "1", "resp_1")  # the engine had it
    made.request_ended(1.2, "1")
    assert len(made.stored.responses) == 1


def test_an_unknown_one_is_not_found_where_there_is_no_replica() -> None:
    made = balancer(HERE, "")
    assert outcomes(made.request_arrived(1.0, reads("1", "resp_1"))) == ["response_not_found"]


def test_peers_are_asked_for_an_unknown_one_the_nearest_first() -> None:
    made = balancer(peers="pq")
    assert outcomes(made.request_arrived(1.0, reads("1", "resp_1", tenant="alice"))) == ["p"]
    assert outcomes(made.request_declined(1.1, "1")) == ["q"]
    assert outcomes(made.request_declined(1.2, "1")) == ["response_not_found"]
    assert len(made.ledger) == len(made.queue) == 0


def test_what_a_peer_has_is_remembered() -> None:
    made = balancer(peers="pq")
    made.request_arrived(1.0, reads("1", "resp_1"))
    assert outcomes(made.request_declined(1.1, "1")) == ["q"]
    made.response_stored(1.2, "1", "resp_1")
    made.request_ended(1.3, "1")
    (action,) = made.request_arrived(2.0, asks("2", "resp_1"))
    assert isinstance(action, HandOver)
    assert (action.peer, action.decision.reason) == ("q", "stored")


def test_without_keys_it_is_placed_here_after_all_peers_have_declined() -> None:
    made = balancer(replicas="a", peers="p")
    assert outcomes(made.request_arrived(1.0, asks("1", "resp_1"))) == ["p"]
    assert outcomes(made.request_declined(1.1, "1")) == ["a"]


def test_it_waits_here_when_all_peers_have_declined_and_nobody_has_room() -> None:
    made = balancer(replicas="a", peers="p")
    made.replica_probed(0.5, "a", FULL)
    made.request_arrived(1.0, asks("1", "resp_1"))
    assert outcomes(made.request_declined(1.1, "1")) == []
    assert len(made.queue) == 1
    assert outcomes(made.replica_probed(1.2, "a", FREE)) == ["a"]


def test_a_peer_that_fails_when_asked_is_not_the_end() -> None:
    made = balancer(replicas="a", peers="pqr")
    made.request_arrived(1.0, reads("1", "resp_1", tenant="alice"))
    assert outcomes(made.request_lost(1.1, "1")) == ["q"]
    assert outcomes(made.request_undelivered(1.2, "1")) == ["r"]
    assert outcomes(made.request_declined(1.3, "1")) == ["response_not_ready"]  # p or q may have it
    made.peer_reported(2.0, "p", PEER, 0.01)
    made.peer_reported(2.0, "q", PEER, 0.02)
    made.request_arrived(2.1, reads("2", "resp_1", tenant="alice"))
    assert outcomes(made.request_declined(2.2, "2")) == ["q"]
    assert outcomes(made.request_declined(2.3, "2")) == ["r"]
    assert outcomes(made.request_declined(2.4, "2")) == ["response_not_found"]


def test_a_region_that_may_not_serve_it_is_not_waited_for() -> None:
    made = balancer(replicas="a", peers="")
    made.targets_changed(0.0, replicas="a", peers="pq", peer_regions={"p": "us", "q": "eu"})
    made.peer_reported(0.1, "q", PEER, 0.02)
    made.peer_failed(0.1, "p")
    made.request_arrived(1.0, asks("1", "resp_1", tenant="alice", regions=frozenset(["eu"])))
    assert outcomes(made.request_declined(1.1, "1")) == ["response_not_found"]


def test_peers_that_take_nothing_are_not_asked() -> None:
    made = balancer(replicas="a", peers="pqr")
    made.peer_failed(0.5, "p")
    made.peer_reported(0.5, "q", PeerReport(0, 0, 0, 1, 1, draining=True), 0.01)
    assert outcomes(made.request_arrived(1.0, reads("1", "resp_1"))) == ["r"]


def test_nothing_is_sought_after_the_deadline() -> None:
    made = balancer(replicas="a", peers="pq")
    made.request_arrived(1.0, asks("1", "resp_1", deadline=2.0))
    assert outcomes(made.request_declined(2.5, "1")) == ["deadline_exceeded"]


# Across balancers


def test_what_a_peer_made_goes_to_that_peer() -> None:
    made = balancer(replicas="", peers="pq")
    holder = stores(made, "resp_1")
    (action,) = made.request_arrived(1.0, asks("1", "resp_1"))
    assert isinstance(action, HandOver)
    assert action.peer == holder
    assert outcomes(made.request_declined(1.1, "1")) == ["pass on"]  # it is the only one to ask


def test_a_peer_that_is_down_or_gone() -> None:
    made = balancer(replicas="", peers="pq")
    holder = stores(made, "resp_1")
    made.peer_failed(0.5, holder)
    assert outcomes(made.request_arrived(1.0, asks("1", "resp_1"))) == ["response_not_ready"]
    made.targets_changed(1.5, replicas="", peers=set("pq") - {holder})
    assert outcomes(made.request_arrived(2.0, asks("2", "resp_1"))) == ["response_gone"]


def test_a_request_of_a_peer_goes_no_further() -> None:
    made = balancer(replicas="a", peers="pq")
    (refused,) = made.request_arrived(1.0, reads("1", "resp_1", from_peer="p"))
    assert isinstance(refused, Reject)
    assert (refused.status, refused.code, refused.may_retry) == (404, "response_not_found", True)


def test_a_peer_is_not_sent_to_a_third() -> None:
    made = balancer(replicas="", peers="pq")
    stores(made, "resp_1")
    asked = made.request_arrived(1.0, reads("1", "resp_1", from_peer="q"))
    assert outcomes(asked) == ["response_not_found"]


def test_a_peers_client_owns_what_it_stored() -> None:
    made = balancer(replicas="a", peers="p")
    stores(made, "resp_1", tenant="alice", from_peer="p")
    asked = made.request_arrived(1.0, reads("1", "resp_1", tenant="bob", from_peer="p"))
    assert outcomes(asked) == ["response_not_found"]
    asked = made.request_arrived(1.0, reads("2", "resp_1", tenant="alice", from_peer="p"))
    assert outcomes(asked) == ["a"]


@pytest.mark.parametrize("across", [Across.PUSH, Across.SELECTIVE_PUSH, Across.STEAL_AVERAGE, Across.NONE])
@pytest.mark.parametrize("to_replicas", ToReplicas)
def test_in_every_system(across: Across, to_replicas: ToReplicas) -> None:
    made = balancer(Switches(across=across, to_replicas=to_replicas), peers="p")
    holder = stores(made, "resp_1")
    for n in range(4):
        asked = made.request_arrived(1.0, asks(str(n), "resp_1"))
        assert outcomes(asked) == [holder]
        made.request_ended(1.1, str(n))
