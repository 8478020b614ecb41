"""Stored responses that are a peer's, another client's, or that nobody here knows."""

from tests.balancing.stored_requests import FREE, FULL, HERE, PEER, asks, balancer, outcomes, reads, stores

from nightshift.balancing.messages import HandOver, PeerReport, Reject

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
