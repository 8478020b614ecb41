"""Where a request may be served: before any score, in every way that a request can go."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import (
    Forward,
    HandOver,
    PeerReport,
    PromptKey,
    Reject,
    ReplicaReport,
    Request,
)
from nightshift.balancing.regions import Regions
from nightshift.balancing.switches import Across, Switches, ToReplicas

EU, US = frozenset({"eu"}), frozenset({"us"})
IDLE, FULL = ReplicaReport(0, 1), ReplicaReport(9, 9)
SERVING = PeerReport(queue=0, queue_from_users=0, outstanding=0, replicas=2, available_replicas=2)


def balancer(replicas: dict[str, str], peers: dict[str, str] | None = None, **switches: Any) -> Balancer:
    """Return a balancer whose replicas are idle, and whose peers have room, in the regions given."""
    peers = peers or {}
    made = Balancer(name="here", switches=Switches(**switches), rng=Random(0))
    told(made, replicas, peers)
    for id_ in replicas:
        made.replica_probed(0.1, id_, IDLE)
    for id_ in peers:
        made.peer_reported(0.1, id_, SERVING, 0.01)
    return made


def told(made: Balancer, replicas: dict[str, str], peers: dict[str, str]) -> None:
    made.targets_changed(0.0, replicas=replicas, peers=peers, replica_regions=replicas, peer_regions=peers)


def ask(id_: str, regions: frozenset[str] | None, **more: Any) -> Request:
    return Request(id_, PromptKey.of("m", b"hello " * 40), regions=regions, **more)


def went(actions: Any) -> list[str]:
    """Return where requests went, or the code they were refused with."""
    return [
        a.replica if isinstance(a, Forward) else a.peer if isinstance(a, HandOver) else a.code
        for a in actions
        if isinstance(a, Forward | HandOver | Reject)
    ]


def test_a_set_of_regions_is_a_mask_that_follows_the_targets() -> None:
    regions = Regions()
    regions.are([("eu", 1), ("us", 2), ("eu", 4)])
    assert regions.of(EU) == 0b101
    assert regions.of(EU | US) == 0b111
    assert regions.of(frozenset()) == regions.of(frozenset({"mars"})) == 0
    assert regions.of(None) & 0b111 == 0b111
    regions.are([("us", 1)])
    assert regions.of(EU) == 0
    assert regions.seen == {"eu", "us"}


def test_the_best_prefix_is_no_reason_to_leave_the_region() -> None:
    made = balancer({"r-us": "us", "r-eu": "eu"})
    assert went(made.request_arrived(0.2, ask("1", US))) == ["r-us"]
    made.request_ended(0.3, "1")
    assert went(made.request_arrived(0.4, ask("2", EU))) == ["r-eu"], "though the other holds the prompt"
    made.request_ended(0.5, "2")


def test_one_that_may_go_nowhere_now_does_not_hold_up_the_others() -> None:
    made = balancer({"r-us": "us", "r-eu": "eu"})
    for id_ in ("r-us", "r-eu"):
        made.replica_probed(0.2, id_, FULL)
    for number, regions in enumerate((EU, EU, None, US)):
        assert went(made.request_arrived(0.3, ask(str(number), regions))) == []
    assert went(made.replica_probed(0.4, "r-us", IDLE)) == ["r-us", "r-us"]
    assert set(made.queue.waiting) == {"0", "1"}
    assert went(made.replica_probed(0.5, "r-eu", IDLE)) == ["r-eu", "r-eu"]


@pytest.mark.parametrize("across", [Across.SELECTIVE_PUSH, Across.PUSH])
def test_only_a_peer_in_an_allowed_region_is_handed_a_request(across: Across) -> None:
    made = balancer({}, {"p-us": "us", "p-eu": "eu"}, across=across, peer_policy="least_load")
    for number in range(6):
        assert went(made.request_arrived(0.2, ask(str(number), EU))) == ["p-eu"]
    assert went(made.request_arrived(0.2, ask("free", None))) == ["p-us"]


@pytest.mark.parametrize("across", [Across.STEAL_AVERAGE, Across.STEAL_SMALL])
def test_a_thief_elsewhere_gets_nothing_of_it(across: Across) -> None:
    made = balancer(
        {"r-eu": "eu"},
        {"p-us": "us", "p-eu": "eu"},
        across=across,
        to_replicas=ToReplicas.BY_OUTSTANDING,
        max_outstanding=1,
    )
    made.request_arrived(0.2, ask("running", None))
    for number in range(3):
        made.request_arrived(0.3, ask(f"bound-{number}", EU))
    made.request_arrived(0.4, ask("free", None))
    given = made.steal_asked(0.5, "p-us", 9)
    assert [(a.request_id, a.peer) for a in given if isinstance(a, HandOver)] == [("free", "p-us")]
    assert len(made.steal_asked(0.6, "p-eu", 9)) == 3


def test_overcommit_keeps_to_the_region_too() -> None:
    made = balancer({"r-us": "us", "r-eu": "eu"}, overcommit=True)
    made.request_arrived(0.2, ask("0", US))
    made.request_ended(0.2, "0")  # so that the other one holds the prompt
    made.replica_probed(0.2, "r-eu", FULL)
    assert went(made.request_arrived(0.3, ask("1", EU))) == ["r-eu"]


def test_a_retry_stays_within_the_regions() -> None:
    made = balancer({"r-us": "us", "r-eu": "eu"})
    assert went(made.request_arrived(0.2, ask("1", EU))) == ["r-eu"]
    assert went(made.request_lost(0.3, "1")) == ["upstream_lost"]
    made.replica_probed(0.4, "r-eu", IDLE)
    assert went(made.request_arrived(0.5, ask("2", EU))) == ["r-eu"]
    assert went(made.request_undelivered(0.6, "2")) == [], "it waits for its region"
    assert went(made.replica_probed(0.7, "r-eu", IDLE)) == ["r-eu"]


def test_replicas_taken_over_from_another_region_are_still_there() -> None:
    made = balancer({"r-us": "us"})
    told(made, {"r-us": "us", "r-eu": "eu"}, {})
    made.replica_probed(0.2, "r-eu", IDLE)
    for number in range(3):
        assert went(made.request_arrived(0.3, ask(f"us-{number}", US))) == ["r-us"]
    assert went(made.request_arrived(0.3, ask("eu", EU))) == ["r-eu"]


def test_the_sick_of_an_allowed_region_are_better_than_nobody() -> None:
    made = balancer({"r-us": "us", "r-eu": "eu"})
    health = made.replicas.targets["r-eu"].health
    for number in range(5):
        made.request_arrived(0.2, ask(str(number), EU))
        made.request_failed(0.2, str(number))
        made.replica_probed(0.2, "r-eu", IDLE)
    assert health.state.value == "ejected"
    assert went(made.request_arrived(0.3, ask("last", EU))) == ["r-eu"]


def test_no_region_that_may_serve_it_is_a_403_and_one_that_is_down_is_not() -> None:
    made = balancer({"r-us": "us"}, {"p-eu": "eu"})
    (refused,) = made.request_arrived(0.2, ask("1", frozenset({"mars", "asia"})))
    assert isinstance(refused, Reject)
    assert (refused.status, refused.code, refused.retry_after_s) == (403, "residency", None)
    assert "only in asia, mars" in refused.message
    made.peer_failed(0.3, "p-eu")
    assert went(made.request_arrived(0.4, ask("2", EU))) == [], "it waits: the region is there"
    told(made, {"r-us": "us"}, {})
    (refused,) = made.request_arrived(0.5, ask("3", EU))
    assert isinstance(refused, Reject)
    assert (refused.status, refused.code) == (503, "no_replica"), "and was there a moment ago"
    assert refused.retry_after_s is not None


def test_an_allowed_region_without_the_model_is_a_403_for_who_asks_here() -> None:
    made = balancer({"r-us": "us", "r-eu": "eu"})
    made.models_reported(0.2, "r-us", frozenset({"a"}))
    made.models_reported(0.2, "r-eu", frozenset({"b"}))
    assert went(made.request_arrived(0.3, ask("1", EU, model="a"))) == ["residency"]
    assert went(made.request_arrived(0.3, ask("2", EU, model="none"))) == ["model_not_found"]
    handed_over = ask("3", EU, model="a", from_peer="p")
    assert went(made.request_arrived(0.3, handed_over)) == ["no_replica"], "the first one may know others"


def test_without_any_target_nothing_is_known_of_regions() -> None:
    made = balancer({})
    assert went(made.request_arrived(0.2, ask("1", EU))) == ["no_replica"]


def test_one_whose_region_is_not_said_gets_nothing_that_is_bound() -> None:
    made = Balancer(name="here", switches=Switches(), rng=Random(0))
    made.targets_changed(0.0, replicas=["r"], peers=[])
    made.replica_probed(0.1, "r", IDLE)
    assert went(made.request_arrived(0.2, ask("1", EU))) == ["no_replica"]
    assert went(made.request_arrived(0.2, ask("2", None))) == ["r"]


def test_the_explanation_names_who_was_left_out() -> None:
    made = balancer({"r-us": "us", "r-eu": "eu"})
    made.request_arrived(0.2, ask("1", EU))
    (decision,) = made.decisions(1)
    why = {candidate.target: candidate.why_not for candidate in decision.candidates}
    assert why == {"r-eu": None, "r-us": "its region may not serve this request"}
