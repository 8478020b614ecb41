"""Decisions of every policy can be explained: the reason in words, and the figures that were compared."""

from random import Random

import pytest

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.explain import WHY, Explained
from nightshift.balancing.messages import PeerReport, PromptKey, ReplicaReport, Request
from nightshift.balancing.policies import POLICIES
from nightshift.balancing.switches import Across, Cost, Imbalance, Switches, ToReplicas


def request(number: int, text: str, hash_key: str | None = None) -> Request:
    return Request(str(number), PromptKey.of("m", text.encode()), hash_key)


def decided(switches: Switches, requests: list[Request], replicas: str = "abc") -> list[Explained]:
    """Have a balancer place these, and return why, the oldest first."""
    made = Balancer(name="me", switches=switches, rng=Random(1))
    made.targets_changed(0.0, replicas=replicas, peers="")
    for number, replica in enumerate(replicas):
        made.replica_probed(0.0, replica, ReplicaReport(number, 1, 0.1 * number), rtt_s=0.01 * number)
    for number, asked in enumerate(requests):
        made.request_arrived(1.0 + number, asked)
    return made.decisions(len(requests))[::-1]


def blind(policy: str, **more: Imbalance | Cost) -> Switches:
    return Switches(across=Across.NONE, to_replicas=ToReplicas.BLIND, replica_policy=policy, **more)  # type: ignore[arg-type]  # one kind for each name


@pytest.mark.parametrize("policy", POLICIES)
def test_every_reason_is_told_in_words(policy: str) -> None:
    asked = [
        request(number, text, hash_key)
        for number, (text, hash_key) in enumerate(
            (text, key) for text in ("", "hello " * 40, "good day " * 40) for key in (None, "k", "l") * 5
        )
    ]
    for replicas in ("a", "abc", "abcdefgh"):
        found = decided(blind(policy, imbalance=Imbalance(absolute=5)), asked, replicas)
        assert len(found) == len(asked)
        assert all(one.why == WHY[one.reason] for one in found)


def test_costs_are_shown_and_the_least_has_won() -> None:
    (one,) = decided(blind("least_cost", cost=Cost(prefill_s_per_token=0.001)), [request(1, "w" * 4000)])
    scores = {candidate.target: candidate.score for candidate in one.candidates}
    assert one.reason == "least_cost"
    # A token takes 1 ms: 1,000 of its own, and 500 for each request that waits.
    assert scores == {"a": pytest.approx(1.0), "b": pytest.approx(1.51), "c": pytest.approx(2.02)}
    assert one.target == "a"


def test_scores_are_shown_and_the_highest_has_won() -> None:
    first, again = decided(blind("weighted_scores"), [request(n, "w" * 640) for n in (1, 2)])
    assert {candidate.target: candidate.score for candidate in first.candidates} == {
        "a": pytest.approx(2 * 1.0 + 2 * 1.0),
        "b": pytest.approx(2 * 0.5 + 2 * 0.9),
        "c": pytest.approx(2 * 0.0 + 2 * 0.8),
    }
    assert (first.target, again.target) == ("a", "a")
    assert {one.target: one.score for one in again.candidates}["a"] == pytest.approx(3.0 + 2.0 + 2.0)


def test_where_nothing_is_compared_there_is_no_score() -> None:
    (one,) = decided(blind("prefix_tree"), [request(1, "hello")])
    assert [candidate.score for candidate in one.candidates] == [None] * 3


def test_peers_are_scored_by_what_they_report() -> None:
    switches = Switches(peer_policy="weighted_scores")
    made = Balancer(name="me", switches=switches, rng=Random(1))
    made.targets_changed(0.0, replicas="a", peers=["P", "Q"])
    made.replica_probed(0.0, "a", ReplicaReport(9, 9))
    made.request_arrived(0.1, request(0, "one waits here"))
    made.request_arrived(0.1, request(1, "two wait here"))
    for peer, queue in (("P", 2), ("Q", 0)):
        report = PeerReport(queue, 0, outstanding=0, replicas=1, available_replicas=1)
        made.peer_reported(0.2, peer, report, rtt_s=0.1)
    handed = [one for one in made.decisions(9) if one.action == "hand_over"]
    scores = {candidate.target: candidate.score for candidate in handed[-1].candidates}
    assert handed[-1].reason == "weighted_scores"
    assert scores[handed[-1].target or ""] == max(score for score in scores.values() if score is not None)
