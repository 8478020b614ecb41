"""Failures, models, deadlines, draining, and what is said of a decision, as short scripts."""

from collections.abc import Sequence
from random import Random

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.health import State
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
)
from nightshift.balancing.switches import Across, Ejection, Switches, ToReplicas

FREE, FULL = ReplicaReport(pending=0, running=3), ReplicaReport(pending=1, running=9)
ALONE = Switches(across=Across.NONE)


def balancer(switches: Switches = ALONE, replicas: str = "ab", peers: str = "") -> Balancer:
    """A balancer whose replicas have reported that they are free."""
    made = Balancer(name="me", switches=switches, rng=Random(0))
    made.targets_changed(0.0, replicas=replicas, peers=peers)
    for replica in replicas:
        made.replica_probed(0.0, replica, FREE)
    return made


def request(
    id_: str,
    text: str = "",
    *,
    from_peer: str | None = None,
    model: str = "",
    deadline: float | None = None,
) -> Request:
    prompt = PromptKey.of("m", text.encode())
    return Request(id_, prompt, from_peer=from_peer, model=model, deadline=deadline)


def peer_report(queue: int = 0, *, available: int = 1, models: tuple[str, ...] | None = None) -> PeerReport:
    return PeerReport(queue, queue, 0, 1, available, models=models)


def outcomes(actions: Sequence[Action]) -> list[tuple[str, str | int]]:
    """Each action as (id of the request, where it went, or the status of its refusal, or "pass on")."""
    said: list[tuple[str, str | int]] = []
    for action in actions:
        match action:
            case Forward(request_id=id_, replica=target) | HandOver(request_id=id_, peer=target):
                said.append((id_, target))
            case Reject(id_, status):
                said.append((id_, status))
            case PassOn(id_):
                said.append((id_, "pass on"))
    return said


class TestRefusedByATarget:
    def test_another_one_is_asked_never_the_same(self) -> None:
        made = balancer()
        (_, first), *_ = outcomes(made.request_arrived(0.1, request("1")))
        (_, second), *_ = outcomes(made.request_refused(0.2, "1"))
        assert {first, second} == {"a", "b"}
        assert made.replicas.outstanding == 1

    def test_after_two_the_client_gets_the_answer_and_its_place_is_kept_until_then(self) -> None:
        made = balancer(replicas="abc")
        made.request_arrived(0.1, request("1"))
        made.request_refused(0.2, "1")
        assert outcomes(made.request_refused(0.3, "1")) == [("1", "pass on")]
        assert made.replicas.outstanding == 1
        assert made.request_refused(0.4, "1") == ()
        made.request_ended(0.5, "1")
        assert made.replicas.outstanding == len(made.ledger) == 0

    def test_with_nobody_else_the_answer_is_passed_on_and_stays_a_failure(self) -> None:
        made = balancer(Switches(across=Across.NONE, ejection=Ejection(failures=2, most_share=1.0)), "a")
        for number in range(2):
            made.request_arrived(0.1, request(str(number)))
            assert outcomes(made.request_refused(0.2, str(number))) == [(str(number), "pass on")]
            made.request_ended(0.3, str(number))
        assert made.replicas.targets["a"].health.state is State.EJECTED

    def test_the_replica_is_not_down(self) -> None:
        made = balancer()
        (_, first), *_ = outcomes(made.request_arrived(0.1, request("1")))
        made.request_refused(0.2, "1")
        assert made.replicas.targets[str(first)].health.state is State.UP

    def test_not_after_the_deadline(self) -> None:
        made = balancer()
        made.request_arrived(0.1, request("1", deadline=1.0))
        assert outcomes(made.request_refused(1.0, "1")) == [("1", "pass on")]


class TestDeclinedByAPeer:
    def handed_over(self, switches: Switches = Switches(), peers: str = "PQ") -> Balancer:  # noqa: B008 - frozen
        made = balancer(switches, replicas="a", peers=peers)
        made.replica_probed(0.0, "a", FULL)
        made.peer_reported(0.0, "P", peer_report(), 0.1)
        assert outcomes(made.request_arrived(0.1, request("1"))) == [("1", "P")]
        return made

    def test_it_waits_again_and_never_goes_back_there(self) -> None:
        made = self.handed_over()
        assert made.request_declined(0.2, "1") == []
        assert len(made.queue) == 1
        assert made.peer_reported(0.3, "P", peer_report(), 0.1) == []
        assert outcomes(made.peer_reported(0.4, "Q", peer_report(), 0.1)) == [("1", "Q")]

    def test_it_does_not_hold_up_those_who_may_go_there(self) -> None:
        made = self.handed_over()
        made.request_declined(0.2, "1")
        made.peer_reported(0.3, "P", peer_report(available=0), 0.1)
        made.request_arrived(0.4, request("2"))
        assert outcomes(made.peer_reported(0.5, "P", peer_report(), 0.1)) == [("2", "P")]

    def test_it_keeps_its_place(self) -> None:
        made = self.handed_over()
        made.peer_reported(0.1, "P", peer_report(available=0), 0.1)
        made.request_arrived(0.2, request("2"))
        made.request_declined(0.3, "1")
        assert outcomes(made.replica_probed(0.4, "a", FREE)) == [("1", "a"), ("2", "a")]

    def test_the_answer_is_passed_on_when_it_may_not_wait(self) -> None:
        made = self.handed_over(Switches(max_queue=1))
        made.peer_reported(0.1, "P", peer_report(available=0), 0.1)
        made.request_arrived(0.2, request("2"))
        assert outcomes(made.request_declined(0.3, "1")) == [("1", "pass on")]
        made.request_ended(0.4, "1")
        made = self.handed_over(Switches(max_queue_s=30.0))
        assert outcomes(made.request_declined(30.2, "1")) == [("1", "pass on")]


class TestEjection:
    RULES = Switches(across=Across.NONE, ejection=Ejection(failures=2, base_s=10.0, jitter=0.0))

    def ejected(self) -> Balancer:
        """Replica b is out for ten seconds; a is full."""
        made = balancer(self.RULES)
        made.replica_probed(0.0, "a", FULL)
        for number in range(2):
            assert outcomes(made.request_arrived(0.1, request(f"f{number}"))) == [(f"f{number}", "b")]
            made.request_failed(0.2, f"f{number}")
        assert made.replicas.targets["b"].health.state is State.EJECTED
        return made

    def test_who_fails_its_requests_is_left_out_and_tried_with_one(self) -> None:
        made = self.ejected()
        for number in range(3):
            assert made.request_arrived(1.0, request(str(number))) == []
        made.replica_probed(10.2, "a", FULL)
        made.replica_probed(10.2, "b", FREE)
        assert outcomes(made.time_passed(10.3)) == [("0", "b")]
        assert outcomes(made.request_ended(10.4, "0")) == [("1", "b"), ("2", "b")]

    def test_a_trial_whose_client_leaves_makes_room_for_the_next(self) -> None:
        made = self.ejected()
        made.request_arrived(1.0, request("0"))
        made.request_arrived(1.0, request("1"))
        made.replica_probed(10.2, "a", FULL)
        made.time_passed(10.3)
        assert outcomes(made.client_gone(10.4, "0")) == [("1", "b")]
        assert made.replicas.targets["b"].health.state is State.HALF_OPEN

    def test_when_nobody_sound_is_left_ejection_is_ignored(self) -> None:
        made = self.ejected()
        assert made.request_arrived(1.0, request("0")) == []
        assert outcomes(made.replica_failed(1.1, "a")) == [("0", "b")]

    def test_a_sound_replica_of_its_model_is_waited_for(self) -> None:
        made = self.ejected()
        for replica in "ab":
            made.models_reported(1.0, replica, frozenset({"m1"}))
        assert made.request_arrived(1.1, request("0", model="m1")) == []

    def test_nobody_sound_for_its_model_is_enough(self) -> None:
        made = self.ejected()
        made.models_reported(1.0, "a", frozenset({"m1"}))
        made.models_reported(1.0, "b", frozenset({"m2"}))
        assert outcomes(made.request_arrived(1.1, request("0", model="m2"))) == [("0", "b")]
        assert made.request_arrived(1.1, request("1", model="m1")) == []


class TestSignals:
    def test_a_stale_report_is_none(self) -> None:
        made = balancer(Switches(across=Across.NONE, stale_s=1.0, unknown_outstanding=2), "a")
        made.replica_probed(0.0, "a", FULL)
        for number in range(3):
            assert made.request_arrived(0.5, request(str(number))) == []
        assert made.time_passed(1.0) == []
        assert len(made.time_passed(1.1)) == 2
        assert made.replicas.targets["a"].health.state is State.STALE

    def test_who_does_not_say_how_many_wait_gets_a_few(self) -> None:
        made = balancer(Switches(across=Across.NONE, unknown_outstanding=2), "a")
        made.replica_probed(0.1, "a", ReplicaReport(None, 7))
        assert [len(made.request_arrived(0.2, request(str(n)))) for n in range(3)] == [1, 1, 0]
        assert made.replica_probed(0.3, "a", ReplicaReport(None, 7)) == []
        assert made.replicas.targets["a"].health.state is State.NO_SIGNAL

    def test_nothing_new_goes_to_a_replica_that_drains(self) -> None:
        made = balancer(replicas="a")
        made.request_arrived(0.1, request("1"))
        made.replica_draining(0.2, "a", True)
        assert made.request_arrived(0.3, request("2")) == []
        assert made.request_ended(0.4, "1") == []
        assert outcomes(made.replica_draining(0.5, "a", False)) == [("2", "a")]


class TestModels:
    def test_only_who_serves_it_gets_it(self) -> None:
        made = balancer()
        made.models_reported(0.1, "a", frozenset({"m1", "m2"}))
        made.models_reported(0.1, "b", frozenset({"m2"}))
        for number in range(4):
            assert outcomes(made.request_arrived(0.2, request(f"x{number}", model="m1")))[0][1] == "a"
        assert {
            outcomes(made.request_arrived(0.2, request(f"y{n}", model="m2")))[0][1] for n in range(4)
        } == {"b"}

    def test_a_model_without_room_does_not_hold_up_another(self) -> None:
        made = balancer()
        made.models_reported(0.1, "a", frozenset({"m1"}))
        made.models_reported(0.1, "b", frozenset({"m2"}))
        made.replica_probed(0.1, "a", FULL)
        assert made.request_arrived(0.2, request("1", model="m1")) == []
        assert outcomes(made.request_arrived(0.3, request("2", model="m2"))) == [("2", "b")]
        made.replica_probed(0.4, "b", FULL)
        assert made.request_arrived(0.5, request("3", model="m2")) == []
        assert outcomes(made.replica_probed(0.6, "b", FREE)) == [("3", "b")]

    def test_unknown_is_404_only_when_all_are_known(self) -> None:
        made = balancer(Switches(), peers="P")
        made.models_reported(0.1, "a", frozenset({"m1"}))
        assert outcomes(made.request_arrived(0.2, request("1", model="x"))) == [("1", "b")]
        made.models_reported(0.3, "b", frozenset({"m1"}))
        assert made.request_arrived(0.4, request("2", model="x")) == []  # the peer may have it
        made.peer_reported(0.5, "P", peer_report(available=0, models=("m2",)), 0.1)
        (refused,) = made.request_arrived(0.6, request("3", model="x"))
        assert refused == Reject("3", 404, "model_not_found", "The model `x` does not exist")
        assert outcomes(made.request_arrived(0.7, request("4", from_peer="P", model="x"))) == [("4", 503)]

    def test_a_model_goes_with_the_last_that_serves_it(self) -> None:
        made = balancer()
        made.models_reported(0.1, "a", frozenset({"m1"}))
        made.models_reported(0.1, "b", frozenset({"m2"}))
        made.targets_changed(0.2, replicas="b", peers="")
        assert outcomes(made.request_arrived(0.3, request("1", model="m1"))) == [("1", 404)]
        assert made.report().models == ("m2",)

    def test_a_peer_gets_what_it_serves(self) -> None:
        made = balancer(Switches(), replicas="a", peers="PQ")
        made.models_reported(0.0, "a", frozenset({"m1"}))
        made.peer_reported(0.0, "P", peer_report(models=("m1",)), 0.1)
        made.peer_reported(0.0, "Q", peer_report(models=("m2",)), 0.2)
        assert outcomes(made.request_arrived(0.1, request("1", model="m2"))) == [("1", "Q")]

    def test_a_thief_gets_what_it_serves(self) -> None:
        made = balancer(Switches(across=Across.STEAL_AVERAGE), replicas="a", peers="P")
        made.replica_probed(0.0, "a", FULL)
        made.peer_reported(0.0, "P", peer_report(models=("m1",)), 0.1)
        made.request_arrived(0.1, request("1", model="m1"))
        made.request_arrived(0.1, request("2", model="m2"))
        assert outcomes(made.steal_asked(0.2, "P", 5)) == [("1", "P")]

    def test_names_that_nobody_knows_make_no_lanes(self) -> None:
        made = balancer(replicas="a")
        made.replica_probed(0.0, "a", FULL)
        for number in range(50):
            made.request_arrived(0.1, request(str(number), model=f"guess-{number}"))
        assert len(made.queue.heads()) == 1

    def test_peers_are_told_all_models_or_that_they_are_not_known(self) -> None:
        made = balancer()
        made.models_reported(0.1, "a", frozenset({"m2", "m1"}))
        assert made.report().models is None
        made.models_reported(0.1, "b", frozenset({"m3"}))
        assert made.report().models == ("m1", "m2", "m3")


class TestDeadlines:
    def test_what_runs_out_of_time_is_refused(self) -> None:
        made = balancer(replicas="a")
        made.replica_probed(0.0, "a", FULL)
        made.request_arrived(0.1, request("late", deadline=2.0))
        made.request_arrived(0.1, request("soon", deadline=1.0))
        made.request_arrived(0.1, request("never"))
        assert outcomes(made.time_passed(0.9)) == []
        assert outcomes(made.time_passed(1.0)) == [("soon", 504)]
        assert outcomes(made.replica_probed(2.0, "a", FREE)) == [("late", 504), ("never", "a")]

    def test_what_comes_too_late_is_refused_at_once(self) -> None:
        assert outcomes(balancer().request_arrived(1.0, request("1", deadline=1.0))) == [("1", 504)]

    def test_what_could_not_be_delivered_in_time_is_refused(self) -> None:
        made = balancer(replicas="a")
        made.request_arrived(0.1, request("1", deadline=1.0))
        assert outcomes(made.request_undelivered(1.0, "1")) == [("1", 504)]


class TestDrain:
    def test_new_requests_are_refused_and_old_ones_served(self) -> None:
        made = balancer(replicas="a")
        made.replica_probed(0.0, "a", FULL)
        made.request_arrived(0.1, request("1"))
        assert made.drain(0.2) == []
        (refused,) = made.request_arrived(0.3, request("2"))
        assert isinstance(refused, Reject)
        assert (refused.status, refused.code, refused.retry_after_s) == (503, "draining", 1)
        assert outcomes(made.replica_probed(0.4, "a", FREE)) == [("1", "a")]
        assert (made.report().draining, made.report().available_replicas) == (True, 0)


def test_who_takes_the_slot_of_another_does_not_inherit_its_prefixes() -> None:
    made = balancer(replicas="a")
    made.request_arrived(0.1, request("1", "a conversation"))
    made.targets_changed(0.2, replicas="", peers="")
    made.targets_changed(0.3, replicas="b", peers="")
    (action,) = made.request_arrived(0.4, request("2", "a conversation"))
    assert isinstance(action, Forward)
    assert (action.decision.reason, action.decision.matched) == ("least_load_no_prefix", 0.0)


def test_what_comes_back_may_cross_by_the_switches_of_now() -> None:
    made = balancer(Switches(across=Across.NONE), replicas="a", peers="P")
    (sent,) = made.request_arrived(0.1, request("1"))
    assert isinstance(sent, Forward)
    made.peer_reported(0.2, "P", peer_report(), 0.0)
    made.switches_changed(0.3, Switches(across=Across.SELECTIVE_PUSH))
    (again,) = made.request_undelivered(0.4, "1")
    assert isinstance(again, HandOver)
    assert again.peer == "P"


class TestDecisions:
    def test_a_placement_with_its_candidates(self) -> None:
        made = balancer(replicas="abcd")
        made.replica_probed(0.5, "a", ReplicaReport(0, 3, 0.25))
        made.replica_probed(0.5, "b", FULL)
        made.replica_draining(0.5, "c", True)
        made.models_reported(0.5, "d", frozenset({"m2"}))
        made.request_arrived(0.75, request("1", "hello", model="m1"))
        (explained,) = made.decisions(5)
        assert (explained.request, explained.target, explained.hops, explained.model) == ("1", "a", 0, "m1")
        assert explained.reason == "least_load_no_prefix"
        assert explained.why
        first, *others = explained.candidates
        assert (first.target, first.available, first.outstanding, first.running) == ("a", True, 0, 3)
        assert (first.report_age_s, first.kv_use, first.prefix_share) == (0.25, 0.25, 0.0)
        assert {one.target: one.why_not for one in others} == {
            "b": "1 pending",
            "c": "draining",
            "d": "does not serve m1",
        }
        assert "hello" not in repr(explained)

    def test_a_hand_over_and_a_refusal(self) -> None:
        made = balancer(Switches(max_queue=0), replicas="a", peers="P")
        made.replica_probed(0.0, "a", FULL)
        made.request_arrived(0.1, request("1"))
        assert made.decisions(1)[0].reason == "queue_full"
        assert [one.why_not for one in made.decisions(1)[0].candidates] == ["1 pending", "has not reported"]
        made = balancer(Switches(), replicas="a", peers="P")
        made.replica_probed(0.0, "a", FULL)
        made.peer_reported(0.0, "P", peer_report(), 0.1)
        made.request_arrived(0.1, request("1"))
        assert [(e.target, e.hops, len(e.candidates)) for e in made.decisions(1)] == [("P", 1, 1)]

    def test_a_full_queue_of_what_must_stay_does_not_keep_others_from_a_peer(self) -> None:
        made = balancer(Switches(max_queue=1), replicas="a", peers="P")
        made.replica_probed(0.0, "a", FULL)
        made.peer_reported(0.0, "P", peer_report(), 0.1)
        assert made.request_arrived(0.1, request("1", from_peer="P")) == []
        assert outcomes(made.request_arrived(0.1, request("2"))) == [("2", "P")]

    def test_at_most_one_in_ten_milliseconds_and_a_thousand_in_all(self) -> None:
        made = balancer(Switches(across=Across.NONE, to_replicas=ToReplicas.BLIND))
        for number in range(3000):
            made.request_arrived(0.005 * number, request(str(number)))
        assert len(made.decisions(5000)) == 1000
        newest, before = made.decisions(2)
        assert round(newest.time_s - before.time_s, 3) == 0.01
        assert len(made.decisions(0)) == 0

    def test_sixteen_candidates_of_a_hundred_those_available_first(self) -> None:
        made = Balancer(name="me", switches=ALONE, rng=Random(0))
        made.targets_changed(0.0, replicas=[str(n) for n in range(100)], peers=())
        for number in range(90):
            made.replica_probed(0.0, str(number), FULL)
        made.request_arrived(0.1, request("1"))
        (explained,) = made.decisions(1)
        assert [one.available for one in explained.candidates] == [True] * 10 + [False] * 6
