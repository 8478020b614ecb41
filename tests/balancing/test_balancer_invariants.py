"""What holds in every system, whatever happens in whatever order (design: the invariants).

A machine throws random events at a balancer of a random system and follows each request by the actions
alone. It checks that a request is in exactly one place and leaves it exactly once; that at most one hop is
made; that an unavailable target gets nothing; that no request waits while a target is available to it; that
the counts of outstanding work return to zero; and that the same events and seed give the same actions.
"""

from collections import Counter
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import (
    Action,
    AskToSteal,
    Forward,
    HandOver,
    PeerReport,
    PromptKey,
    Reject,
    ReplicaReport,
    Request,
)
from nightshift.balancing.policies import POLICIES
from nightshift.balancing.stealing import may_give
from nightshift.balancing.switches import Across, PeerRule, Switches, ToReplicas

REPLICAS, PEERS = ["r1", "r2", "r3"], ["p1", "p2"]
systems = st.builds(
    Switches,
    across=st.sampled_from([*Across, Across.SELECTIVE_PUSH, Across.SELECTIVE_PUSH]),
    to_replicas=st.sampled_from(ToReplicas),
    replica_policy=st.sampled_from(sorted(POLICIES)),
    peer_policy=st.sampled_from(sorted(POLICIES)),
    max_outstanding=st.integers(1, 4),
    overcommit=st.booleans(),
    sends_per_probe=st.integers(1, 3),
    peer_rule=st.builds(PeerRule, st.integers(0, 5), st.booleans()),
    max_queue=st.integers(1, 20),
    index_bytes=st.just(5000),
)
reports = st.builds(ReplicaReport, pending=st.sampled_from([0, 1, 1]), running=st.integers(0, 5))
peer_reports = st.builds(
    PeerReport,
    queue=st.sampled_from([0, 0, 1, 5]),
    queue_from_users=st.integers(0, 5),
    outstanding=st.integers(0, 9),
    replicas=st.integers(0, 3),
    available_replicas=st.integers(0, 3),
)


class BalancerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.ids = 0
        self.waiting: dict[str, Request] = {}
        self.placed: dict[str, str] = {}
        self.asked: Counter[str] = Counter()

    @initialize(switches=systems, seed=st.integers(0, 9))
    def start(self, switches: Switches, seed: int) -> None:
        self.switches = switches
        self.balancer, self.twin = (
            Balancer(name="me", switches=switches, rng=Random(seed)) for _ in range(2)
        )
        self.tell("targets_changed", replicas=REPLICAS, peers=PEERS)

    def tell(self, event: str, *args: object, **kwargs: object) -> list[Action]:
        self.now += 0.03
        actions = list(getattr(self.balancer, event)(self.now, *args, **kwargs))
        assert actions == list(getattr(self.twin, event)(self.now, *args, **kwargs))
        for action in actions:
            self.follow(action)
        return actions

    def follow(self, action: Action) -> None:
        match action:
            case Forward(id_, replica, decision):
                del self.waiting[id_]
                self.placed[id_] = replica
                assert replica in self.balancer.replicas.targets
                assert self.balancer.replicas.targets[replica].reachable
                assert 0 <= decision.matched <= 1
                assert decision.queued_s >= 0
            case HandOver(id_, peer, decision):
                request = self.waiting.pop(id_)
                assert request.from_peer is None, "a second hop"
                assert peer in self.balancer.peers.targets
                assert self.balancer.peers.targets[peer].reachable or decision.reason == "stolen"
                self.placed[id_] = peer
            case Reject(id_):
                del self.waiting[id_]
            case AskToSteal(peer, count):
                assert count > 0
                assert not self.balancer.queue
                self.asked[peer] += 1

    @rule(
        text=st.text("ab", max_size=8),
        key=st.none() | st.sampled_from("xyz"),
        from_peer=st.none() | st.sampled_from(PEERS),
    )
    def request_arrives(self, text: str, key: str | None, from_peer: str | None) -> None:
        self.ids += 1
        prompt = PromptKey.of("m", "".join(letter * 64 for letter in text).encode())
        request = Request(str(self.ids), prompt, key, from_peer)
        self.waiting[request.id] = request
        available = {r.id for r in self.balancer.replicas.available()}
        if (
            actions := [a for a in self.tell("request_arrived", request) if isinstance(a, Forward)]
        ) and not self.switches.overcommit:
            assert actions[0].replica in available

    @precondition(lambda self: self.placed)
    @rule(data=st.data())
    def request_ends(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.placed)))
        del self.placed[id_]
        self.tell("request_ended", id_)

    @precondition(lambda self: self.placed)
    @rule(data=st.data())
    def target_is_unreachable(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.placed)))
        entry = next(p.entry for p in self.balancer.ledger if p.entry.request.id == id_)
        del self.placed[id_]
        self.waiting[id_] = entry.request
        self.tell("request_undelivered", id_)

    @precondition(lambda self: self.placed)
    @rule(data=st.data())
    def target_fails(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.placed)))
        entry = next(p.entry for p in self.balancer.ledger if p.entry.request.id == id_)
        failed, losses = self.placed.pop(id_), entry.losses
        self.waiting[id_] = entry.request
        self.tell("request_lost", id_)
        assert id_ not in self.waiting, "it is retried at once or not at all"
        assert self.placed.get(id_) != failed, "never on the same target"
        assert losses == 0 or id_ not in self.placed, "two targets are enough"

    @precondition(lambda self: self.placed or self.waiting)
    @rule(data=st.data())
    def client_leaves(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted([*self.placed, *self.waiting])))
        self.placed.pop(id_, None)
        self.waiting.pop(id_, None)
        self.tell("client_gone", id_)

    @rule(replica=st.sampled_from(REPLICAS), report=reports)
    def replica_reports(self, replica: str, report: ReplicaReport) -> None:
        self.tell("replica_probed", replica, report)

    @rule(replica=st.sampled_from(REPLICAS))
    def replica_fails(self, replica: str) -> None:
        self.tell("replica_failed", replica)

    @rule(peer=st.sampled_from(PEERS), report=peer_reports)
    def peer_reports(self, peer: str, report: PeerReport) -> None:
        self.tell("peer_reported", peer, report, 0.05)

    @rule(peer=st.sampled_from(PEERS))
    def peer_fails(self, peer: str) -> None:
        self.tell("peer_failed", peer)

    @rule(replicas=st.sets(st.sampled_from(REPLICAS)), peers=st.sets(st.sampled_from(PEERS)))
    def targets_change(self, replicas: set[str], peers: set[str]) -> None:
        self.tell("targets_changed", replicas=sorted(replicas), peers=sorted(peers))
        for gone in {*PEERS} - peers:
            del self.asked[gone]  # the shell asks only peers, so no answer will come

    @rule(thief=st.sampled_from(PEERS), count=st.integers(0, 5))
    def a_thief_asks(self, thief: str, count: int) -> None:
        assert len(self.tell("steal_asked", thief, count)) <= count

    @precondition(lambda self: any(self.asked.values()))
    @rule(data=st.data(), granted=st.integers(0, 3))
    def a_victim_answers(self, data: st.DataObject, granted: int) -> None:
        peer = data.draw(st.sampled_from(sorted(+self.asked)))
        self.asked[peer] -= 1
        self.tell("steal_answered", peer, granted)

    @rule()
    def time_passes(self) -> None:
        self.tell("time_passed")

    @rule()
    def a_long_time_passes(self) -> None:
        self.now += self.switches.max_queue_s
        self.tell("time_passed")
        assert not self.waiting

    @invariant()
    def every_request_is_in_one_place(self) -> None:
        if self.ids:
            assert len(self.balancer.queue) == len(self.waiting)
            assert {p.entry.request.id: p.target.id for p in self.balancer.ledger} == self.placed
            outstanding = [*self.balancer.replicas.targets.values(), *self.balancer.peers.targets.values()]
            assert all(t.outstanding >= 0 for t in [*outstanding, self.balancer.peers.self])

    @invariant()
    def nobody_waits_while_a_target_is_available(self) -> None:
        if self.waiting:
            assert not self.balancer.replicas.available()
            assert not (self.switches.overcommit and self.balancer.replicas.reachable())
            may_cross = [r for r in self.waiting.values() if r.from_peer is None]
            if may_cross and self.switches.across is Across.SELECTIVE_PUSH:
                assert not self.balancer.peers.with_room(len(self.waiting) - 1)
            if may_cross and self.switches.across is Across.PUSH and not self.balancer.replicas.reachable():
                assert not self.balancer.peers.that_serve()

    @invariant()
    def an_idle_thief_asks_who_may_give(self) -> None:
        if not self.ids or self.waiting or self.switches.across is not Across.STEAL_SMALL:
            return
        if self.balancer.replicas.available() and not any(self.asked.values()):
            assert not any(may_give(peer) for peer in self.balancer.peers.nearest_first())

    def teardown(self) -> None:
        for id_ in [*self.placed, *self.waiting]:
            self.client_goes(id_)
        if self.ids:
            assert len(self.balancer.ledger) == len(self.balancer.queue) == 0
            everyone = [*self.balancer.replicas.targets.values(), *self.balancer.peers.targets.values()]
            assert [t.outstanding for t in [*everyone, self.balancer.peers.self]] == [0] * (len(everyone) + 1)

    def client_goes(self, id_: str) -> None:
        """End what is left, skipping what an earlier ending has moved on."""
        self.placed.pop(id_, None)
        self.waiting.pop(id_, None)
        self.tell("client_gone", id_)


BalancerMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestBalancer = BalancerMachine.TestCase
