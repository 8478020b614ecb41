"""What each system does, as short scripts."""

from random import Random

from nightshift.balancing.balancer import MAX_ATTEMPTS, Balancer
from nightshift.balancing.messages import (
    AskToSteal,
    Forward,
    HandOver,
    PeerReport,
    PromptKey,
    Reject,
    ReplicaReport,
    Request,
)
from nightshift.balancing.switches import Across, PeerRule, Switches, ToReplicas

FREE, FULL = ReplicaReport(pending=0, running=3), ReplicaReport(pending=1, running=9)


def peer_report(queue: int = 0, available: int = 1, replicas: int = 1, outstanding: int = 0) -> PeerReport:
    return PeerReport(queue, queue, outstanding, replicas, available)


def balancer(switches: Switches, replicas: str = "ab", peers: str = "PQ") -> Balancer:
    made = Balancer(name="me", switches=switches, rng=Random(0))
    made.targets_changed(0.0, replicas=replicas, peers=peers)
    for replica in replicas:
        made.replica_probed(0.0, replica, FREE)
    return made


def request(id_: str, text: str = "", from_peer: str | None = None) -> Request:
    """Each letter of `text` fills a block of the prompt."""
    return Request(
        id_, PromptKey.of("m", "".join(letter * 64 for letter in text).encode()), from_peer=from_peer
    )


def fill(made: Balancer) -> None:
    for replica in made.replicas.targets:
        made.replica_probed(0.0, replica, FULL)


class TestToReplicas:
    def test_by_pending_holds_while_the_engine_has_a_request_waiting(self) -> None:
        made = balancer(Switches(across=Across.NONE), replicas="a")
        fill(made)
        assert made.request_arrived(1.0, request("1")) == []
        actions = made.replica_probed(3.5, "a", FREE)
        assert [(a.replica, a.decision.queued_s) for a in actions if isinstance(a, Forward)] == [("a", 2.5)]

    def test_by_pending_sends_only_so_many_on_one_report(self) -> None:
        made = balancer(Switches(across=Across.NONE, sends_per_probe=2), replicas="a")
        sent = [len(made.request_arrived(1.0, request(str(n)))) for n in range(4)]
        assert sent == [1, 1, 0, 0]
        assert len(made.replica_probed(1.1, "a", FREE)) == 2

    def test_quick_answers_are_not_held_up_by_old_reports(self) -> None:
        made = balancer(Switches(across=Across.NONE, sends_per_probe=1), replicas="a")
        for number in range(50):
            assert made.request_arrived(1.0, request(str(number))), number
            made.request_ended(1.0, str(number))

    def test_a_report_asked_for_before_a_request_left_does_not_count_it(self) -> None:
        made = balancer(Switches(across=Across.NONE, sends_per_probe=1), replicas="a")
        made.request_arrived(1.0, request("1"))
        made.request_arrived(1.0, request("2"))
        assert made.replica_probed(1.05, "a", FREE, rtt_s=0.1) == []
        assert len(made.replica_probed(1.2, "a", FREE, rtt_s=0.1)) == 1

    def test_by_outstanding_holds_at_the_limit(self) -> None:
        made = balancer(
            Switches(across=Across.NONE, to_replicas=ToReplicas.BY_OUTSTANDING, max_outstanding=2),
            replicas="a",
        )
        assert [len(made.request_arrived(1.0, request(str(n)))) for n in range(3)] == [1, 1, 0]
        assert len(made.request_ended(2.0, "0")) == 1

    def test_blind_push_never_holds(self) -> None:
        made = balancer(Switches(across=Across.NONE, to_replicas=ToReplicas.BLIND), replicas="a")
        fill(made)
        assert all(made.request_arrived(1.0, request(str(n))) for n in range(50))

    def test_overcommit_sends_when_all_are_full(self) -> None:
        made = balancer(
            Switches(to_replicas=ToReplicas.BY_OUTSTANDING, max_outstanding=1, overcommit=True), "a", peers=""
        )
        assert all(made.request_arrived(1.0, request(str(n))) for n in range(3))


class TestSelectivePush:
    def test_local_first_then_a_peer_with_room_then_wait(self) -> None:
        made = balancer(Switches(), peers="P")
        made.peer_reported(0.0, "P", peer_report(), 0.1)
        assert isinstance(made.request_arrived(0.1, request("1"))[0], Forward)
        fill(made)
        assert isinstance(made.request_arrived(0.2, request("2"))[0], HandOver)
        made.peer_reported(0.3, "P", peer_report(available=0), 0.1)
        assert made.request_arrived(0.4, request("3")) == []

    def test_what_came_from_a_peer_waits_here_and_does_not_hold_up_users(self) -> None:
        made = balancer(Switches(), peers="PQ")
        fill(made)
        made.request_arrived(0.1, request("far", from_peer="Q"))
        made.request_arrived(0.2, request("user"))
        actions = made.peer_reported(0.3, "P", peer_report(), 0.1)
        assert [(a.request_id, a.peer) for a in actions if isinstance(a, HandOver)] == [("user", "P")]

    def test_both_peer_rules(self) -> None:
        final, april = PeerRule(), PeerRule(max_queue=0, not_longer_than_own=False)
        for rule, queue, expected in ((final, 0, 1), (final, 1, 0), (april, 0, 1), (april, 1, 0)):
            made = balancer(Switches(peer_rule=rule), peers="P")
            fill(made)
            made.peer_reported(0.0, "P", peer_report(queue=queue), 0.1)
            assert len(made.request_arrived(0.1, request("1"))) == expected, (rule, queue)
        made = balancer(Switches(peer_rule=final), peers="P")
        fill(made)
        for number in range(4):
            made.request_arrived(0.1, request(str(number)))
        assert len(made.peer_reported(0.2, "P", peer_report(queue=3), 0.1)) == 1  # no longer than ours

    def test_one_report_of_a_peer_is_not_taken_as_an_invitation_for_ever(self) -> None:
        made = balancer(Switches(sends_per_probe=2), peers="P")
        fill(made)
        made.peer_reported(0.0, "P", peer_report(), 0.1)
        assert [len(made.request_arrived(0.1, request(str(n)))) for n in range(4)] == [1, 1, 0, 0]


class TestPush:
    def test_the_peer_policy_chooses_among_all_with_itself(self) -> None:
        made = balancer(Switches(across=Across.PUSH, peer_policy="round_robin"))
        kinds = [type(made.request_arrived(0.0, request(str(n)))[0]).__name__ for n in range(3)]
        assert kinds == ["Forward", "HandOver", "HandOver"]

    def test_what_crossed_stays(self) -> None:
        made = balancer(Switches(across=Across.PUSH, peer_policy="round_robin"))
        for number in range(6):
            assert isinstance(made.request_arrived(0.0, request(str(number), from_peer="P"))[0], Forward)

    def test_a_balancer_without_replicas_does_not_choose_itself(self) -> None:
        made = balancer(Switches(across=Across.PUSH, peer_policy="round_robin"), replicas="")
        for number in range(4):
            assert isinstance(made.request_arrived(0.0, request(str(number)))[0], HandOver)

    def test_a_change_of_targets_is_no_reason_to_forget_what_this_balancer_holds(self) -> None:
        made = balancer(Switches(across=Across.PUSH), replicas="a", peers="P")
        turn = request("1", "a conversation")
        made.peers.policy.placed(turn, made.peers.self.slot)
        made.targets_changed(1.0, replicas="ab", peers="PQ")
        assert made.peers.policy.affinity(turn, made.peers.everyone | 1) == (made.peers.self.slot, 1.0)

    def test_a_request_without_a_replica_here_follows_the_peers_that_come_back(self) -> None:
        made = balancer(Switches(across=Across.PUSH), replicas="", peers="P")
        assert isinstance(made.request_arrived(0.0, request("1"))[0], HandOver)
        assert made.request_undelivered(0.1, "1") == []
        assert made.request_arrived(0.2, request("2")) == []
        back = made.peer_reported(0.3, "P", peer_report(), 0.1)
        assert [(type(a), getattr(a, "request_id", "")) for a in back] == [(HandOver, "1"), (HandOver, "2")]
        assert made.peers.self.outstanding == 0

    def test_what_was_kept_leaves_when_no_replica_here_can_be_reached(self) -> None:
        made = balancer(Switches(across=Across.PUSH, peer_policy="round_robin"), replicas="a", peers="P")
        fill(made)
        assert made.request_arrived(0.1, request("1")) == []
        assert made.request_arrived(0.1, request("crossed", from_peer="P")) == []
        assert [a.request_id for a in made.replica_failed(0.2, "a") if isinstance(a, HandOver)] == ["1"]
        assert made.peers.self.outstanding == 0
        assert len(made.queue) == 1


class TestStealing:
    def test_average_asks_for_what_it_lacks_to_an_equal_share(self) -> None:
        made = balancer(Switches(across=Across.STEAL_AVERAGE), replicas="ab", peers="P")
        report = peer_report(queue=10, replicas=2, outstanding=6, available=0)
        # (10 + 6 + 0) // 4 replicas = 4 each: this one lacks 8, P has 8 too many.
        assert made.peer_reported(0.0, "P", report, 0.2) == [AskToSteal("P", 8)]
        assert made.peer_reported(0.1, "P", report, 0.2) == []  # it has not answered

    def test_a_report_older_than_the_question_is_no_reason_to_ask_again(self) -> None:
        made = balancer(Switches(across=Across.STEAL_AVERAGE), replicas="ab", peers="P")
        report = peer_report(queue=10, replicas=2, outstanding=6, available=0)
        assert len(made.peer_reported(1.0, "P", report, 0.2)) == 1
        assert made.peer_reported(1.1, "P", report, 0.2) == []  # asked for at 0.9, the question at 1.0
        assert made.steal_answered(1.2, "P", 8) == []
        assert len(made.peer_reported(1.3, "P", report, 0.2)) == 1

    def test_a_peer_that_left_without_an_answer_does_not_end_stealing(self) -> None:
        made = balancer(Switches(across=Across.STEAL_AVERAGE), replicas="ab", peers="PQ")
        report = peer_report(queue=10, replicas=2, outstanding=6, available=0)
        assert len(made.peer_reported(0.0, "P", report, 0.2)) == 1
        made.targets_changed(0.1, replicas="ab", peers="Q")
        assert made.peer_reported(0.2, "Q", report, 0.2) == [AskToSteal("Q", 8)]

    def test_small_asks_for_three_per_available_replica_nearest_first(self) -> None:
        made = balancer(Switches(across=Across.STEAL_SMALL), replicas="ab", peers="PQ")
        made.peer_reported(0.0, "P", peer_report(), 0.2)
        made.peer_reported(0.0, "Q", peer_report(), 0.1)
        assert made.peer_reported(0.1, "P", peer_report(queue=9), 0.2) == [AskToSteal("P", 6)]
        assert made.peer_reported(0.1, "Q", peer_report(queue=9), 0.1) == []  # one question at a time
        assert made.steal_answered(0.2, "P", 0) == [AskToSteal("Q", 6)]

    def test_a_victim_gives_users_requests_only_best_match_first_then_the_youngest(self) -> None:
        made = balancer(Switches(across=Across.STEAL_AVERAGE), replicas="a", peers="PQ")
        made.peers.policy.placed(request("earlier", "conversation of P"), made.peers.targets["P"].slot)
        fill(made)
        made.request_arrived(0.0, request("crossed", from_peer="Q"))
        made.request_arrived(0.1, request("known", "conversation of P, next turn"))
        for number in range(3):
            made.request_arrived(0.2, request(f"user-{number}", f"{number} something else"))
        actions = made.steal_asked(0.3, "P", 3)
        assert [a.request_id for a in actions if isinstance(a, HandOver)] == ["known", "user-2", "user-1"]
        assert len(made.queue) == 2


class TestFailures:
    def test_an_unreachable_replica_is_left_until_it_reports(self) -> None:
        made = balancer(Switches(across=Across.NONE, to_replicas=ToReplicas.BLIND))
        first = made.request_arrived(0.0, request("1"))[0]
        assert isinstance(first, Forward)
        again = made.request_undelivered(0.1, "1")
        assert [a.replica for a in again if isinstance(a, Forward)] == [{"a": "b", "b": "a"}[first.replica]]
        others = [made.request_arrived(0.2, request(str(n)))[0] for n in range(2, 6)]
        assert all(isinstance(a, Forward) and a.replica != first.replica for a in others)

    def test_a_request_does_not_tour_unreachable_targets(self) -> None:
        made = balancer(Switches(across=Across.NONE, to_replicas=ToReplicas.BLIND), replicas="abcde")
        made.request_arrived(0.0, request("1"))
        for _ in range(MAX_ATTEMPTS - 1):
            assert isinstance(made.request_undelivered(0.1, "1")[0], Forward)
        last = made.request_undelivered(0.1, "1")[0]
        assert isinstance(last, Reject)
        assert last.status == 502

    def test_what_could_not_be_sent_for_want_of_files_waits_and_nobody_is_blamed(self) -> None:
        made = balancer(Switches(across=Across.NONE, max_queue=1), replicas="a")
        made.request_arrived(0.0, request("1"))
        for turn in range(2 * MAX_ATTEMPTS):
            assert made.request_undelivered(0.1, "1", ours=True) == []  # not at once: it would fail at once
            assert len(made.queue) == 1
            again = made.time_passed(0.2 + turn)
            assert [a.replica for a in again if isinstance(a, Forward)] == ["a"]
        assert not made.request_ended(9.0, "1")
        assert made.replicas.outstanding == 0

    def test_for_want_of_files_and_of_a_place_in_the_queue_503(self) -> None:
        made = balancer(Switches(across=Across.NONE, max_queue=1), replicas="ab")
        for id_ in "12":
            assert isinstance(made.request_arrived(0.0, request(id_))[0], Forward)
        assert made.request_undelivered(0.1, "1", ours=True) == []
        (refused,) = made.request_undelivered(0.1, "2", ours=True)
        assert isinstance(refused, Reject)
        assert (refused.status, refused.code, refused.may_retry) == (503, "no_room", True)

    def test_without_any_replica_503_and_with_a_full_queue_429(self) -> None:
        made = balancer(Switches(across=Across.NONE), replicas="")
        assert [a.status for a in made.request_arrived(0.0, request("1")) if isinstance(a, Reject)] == [503]
        made = balancer(Switches(across=Across.NONE, max_queue=1))
        fill(made)
        made.request_arrived(0.0, request("1"))
        assert [a.status for a in made.request_arrived(0.0, request("2")) if isinstance(a, Reject)] == [429]

    def test_what_waits_too_long_is_refused_429_or_503_without_a_reachable_replica(self) -> None:
        for lost, status in ((False, 429), (True, 503)):
            made = balancer(Switches(across=Across.NONE, max_queue_s=30), replicas="a")
            fill(made)
            made.request_arrived(1.0, request("1"))
            made.request_arrived(2.0, request("2"))
            made.replica_probed(30.5, "a", FULL)
            if lost:
                made.replica_failed(30.6, "a")
            assert made.time_passed(30.9) == []
            said = made.time_passed(31.0)
            assert [(a.request_id, a.status) for a in said if isinstance(a, Reject)] == [("1", status)]
            assert len(made.queue) == 1

    def test_a_request_whose_target_failed_goes_to_another_once(self) -> None:
        made = balancer(Switches(across=Across.NONE, to_replicas=ToReplicas.BLIND), replicas="abc")
        first = made.request_arrived(0.0, request("1"))[0]
        assert isinstance(first, Forward)
        second = made.request_lost(0.1, "1")[0]
        assert isinstance(second, Forward)
        assert second.replica != first.replica
        said = made.request_lost(0.2, "1")
        assert [(a.status, a.may_retry) for a in said if isinstance(a, Reject)] == [(502, False)]
        assert len(made.ledger) == 0

    def test_a_lost_request_is_not_retried_into_a_queue(self) -> None:
        made = balancer(Switches(across=Across.NONE), replicas="ab")
        first = made.request_arrived(0.0, request("1"))[0]
        assert isinstance(first, Forward)
        made.replica_probed(0.1, {"a": "b", "b": "a"}[first.replica], FULL)
        assert isinstance(made.request_lost(0.2, "1")[0], Reject)

    def test_retries_stay_within_the_budget(self) -> None:
        made = balancer(Switches(across=Across.NONE, to_replicas=ToReplicas.BLIND), replicas="ab")
        retried = 0
        for number in range(1000):
            made.request_arrived(0.0, request(str(number)))
            retried += isinstance(made.request_lost(0.0, str(number))[0], Forward)
            made.client_gone(0.0, str(number))
            for replica in "ab":
                made.replica_probed(0.0, replica, FREE)
        assert 100 <= retried <= 100 + 0.2 * 1000 + 1

    def test_a_region_without_replicas_serves_through_its_peers(self) -> None:
        made = balancer(Switches(), replicas="", peers="P")
        assert made.request_arrived(0.0, request("1")) == []
        assert isinstance(made.peer_reported(0.1, "P", peer_report(), 0.1)[0], HandOver)

    def test_an_unreachable_peer_is_left_until_it_reports(self) -> None:
        made = balancer(Switches(), peers="P")
        fill(made)
        made.peer_reported(0.0, "P", peer_report(), 0.1)
        made.peer_failed(0.1, "P")
        assert made.request_arrived(0.2, request("1")) == []
        assert isinstance(made.peer_reported(0.3, "P", peer_report(), 0.1)[0], HandOver)

    def test_what_was_not_delivered_is_before_what_came_later(self) -> None:
        made = balancer(Switches(across=Across.NONE, sends_per_probe=1), replicas="a")
        sent = [a for n in range(3) for a in made.request_arrived(0.0, request(str(n)))]
        assert [a.request_id for a in sent if isinstance(a, Forward)] == ["0"]
        assert made.request_undelivered(0.1, "0") == []
        again = made.replica_probed(0.2, "a", FREE)
        assert [a.request_id for a in again if isinstance(a, Forward)] == ["0"]

    def test_who_stays_is_known_as_before_when_targets_change(self) -> None:
        made = balancer(Switches(), replicas="a", peers="P")
        made.request_arrived(0.0, request("1"))
        fill(made)
        made.peer_reported(0.1, "P", peer_report(queue=7), 0.2)
        made.targets_changed(0.2, replicas="ab", peers="PQ")
        replica, peer = made.replicas.targets["a"], made.peers.targets["P"]
        assert (replica.outstanding, replica.report, peer.report, peer.rtt_s) == (
            1,
            FULL,
            peer_report(queue=7),
            0.2,
        )

    def test_a_replica_that_comes_back_under_its_name_starts_from_zero(self) -> None:
        made = balancer(Switches(across=Across.NONE, to_replicas=ToReplicas.BLIND), replicas="a")
        made.request_arrived(0.0, request("1"))
        made.targets_changed(1.0, replicas="", peers="")
        made.targets_changed(2.0, replicas="a", peers="")
        made.request_ended(3.0, "1")
        assert made.replicas.targets["a"].outstanding == 0

    def test_a_lost_request_does_not_go_back_to_a_target_of_the_same_name(self) -> None:
        made = balancer(Switches(across=Across.NONE, to_replicas=ToReplicas.BLIND), replicas="a")
        made.request_arrived(0.0, request("1"))
        made.targets_changed(1.0, replicas="", peers="")
        made.targets_changed(2.0, replicas="a", peers="")
        assert isinstance(made.request_lost(3.0, "1")[0], Reject)
