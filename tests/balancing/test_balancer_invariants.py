"""What holds in every system, whatever happens in whatever order (design: the invariants).

A machine throws random events at a balancer of a random system and follows each request by the actions
alone. It checks that a request is in exactly one place and leaves it exactly once; that at most one hop is
made; that an unavailable target gets nothing, be it full, down, draining, ejected, on trial, without the
model, in a region that may not serve the request, or one that failed with it; that nothing is placed after
its deadline; that no request waits while a target is available to it; that no replica stays out for good;
that the counts of outstanding work return to zero, and the masks say what the targets say; and that the same
events and seed give the same actions.
"""

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nightshift.balancing.balancer import MAX_LOSSES, Balancer
from nightshift.balancing.health import TABLE, State, Takes
from nightshift.balancing.messages import (
    Action,
    AskToSteal,
    Forward,
    HandOver,
    PassOn,
    PeerReport,
    PromptKey,
    Reject,
    ReplicaReport,
    Request,
)
from nightshift.balancing.policies import POLICIES
from nightshift.balancing.stealing import may_give
from nightshift.balancing.switches import Across, Ejection, PeerRule, Switches, ToReplicas
from nightshift.balancing.targets import Replica

REPLICAS, PEERS, MODELS = ["r1", "r2", "r3"], ["p1", "p2"], ["", "m1", "m2"]
REGIONS = ["eu", "us", "asia"]
standing = st.fixed_dictionaries(dict.fromkeys([*REPLICAS, *PEERS], st.sampled_from(REGIONS[:2])))
allowed = st.none() | st.none() | st.frozensets(st.sampled_from(REGIONS))
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
    hold_s=st.sampled_from([0.0, 0.0, 0.1, 1.0]),
    stale_s=st.sampled_from([0.1, 10.0]),
    ejection=st.builds(
        Ejection,
        failures=st.integers(1, 3),
        base_s=st.sampled_from([0.1, 1.0]),
        longest_s=st.just(2.0),
        most_share=st.sampled_from([0.5, 1.0]),
    ),
)
reports = st.builds(
    ReplicaReport, pending=st.sampled_from([0, 0, 1, 1, None]), running=st.none() | st.integers(0, 5)
)
served = st.none() | st.frozensets(st.sampled_from(MODELS[1:]))
peer_reports = st.builds(
    PeerReport,
    queue=st.sampled_from([0, 0, 1, 5]),
    queue_from_users=st.integers(0, 5),
    outstanding=st.integers(0, 9),
    replicas=st.integers(0, 3),
    available_replicas=st.integers(0, 3),
    models=st.none() | st.sets(st.sampled_from(MODELS[1:])).map(lambda models: tuple(sorted(models))),
    draining=st.sampled_from([False, False, True]),
)


def trial_is_on(replica: Replica) -> bool:
    return replica.health.state is State.HALF_OPEN and replica.health.trial is not None


class BalancerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.ids = 0
        self.waiting: dict[str, Request] = {}
        self.placed: dict[str, str] = {}
        self.passed_on: set[str] = set()
        self.ruled_out: dict[str, set[str]] = {}
        self.draining = False
        self.asked: Counter[str] = Counter()

    @initialize(switches=systems, seed=st.integers(0, 9), stand=standing)
    def start(self, switches: Switches, seed: int, stand: dict[str, str]) -> None:
        self.switches = switches
        self.balancer, self.twin = (
            Balancer(name="me", switches=switches, rng=Random(seed)) for _ in range(2)
        )
        self.targets_are(REPLICAS, PEERS, stand)

    def tell(self, event: str, *args: object, **kwargs: object) -> list[Action]:
        self.now += 0.03
        actions = list(getattr(self.balancer, event)(self.now, *args, **kwargs))
        assert actions == list(getattr(self.twin, event)(self.now, *args, **kwargs))
        for action in actions:
            self.follow(action)
        return actions

    def targets_are(self, replicas: list[str], peers: list[str], stand: dict[str, str]) -> None:
        self.stand = {id_: stand[id_] for id_ in [*replicas, *peers]}
        self.tell(
            "targets_changed",
            replicas=replicas,
            peers=peers,
            replica_regions={id_: stand[id_] for id_ in replicas},
            peer_regions={id_: stand[id_] for id_ in peers},
        )

    def may_serve(self, request: Request, target: str) -> bool:
        return request.regions is None or self.stand[target] in request.regions

    def follow(self, action: Action) -> None:
        match action:
            case Forward(request_id=id_, replica=replica, decision=decision):
                self.check_replica(self.waiting[id_], replica)
                assert 0 <= decision.matched <= 1
                assert decision.queued_s >= 0
                self.place(id_, replica)
            case HandOver(request_id=id_, peer=peer_id, decision=decision):
                request, peer = self.waiting[id_], self.balancer.peers.targets[peer_id]
                assert request.from_peer is None, "a second hop"
                assert peer.reachable or decision.reason == "stolen"
                assert decision.reason == "stolen" or peer.report is None or not peer.report.draining
                models = None if peer.report is None else peer.report.models
                assert not request.model or models is None or request.model in models
                self.place(id_, peer_id)
            case Reject(id_, status):
                request = self.waiting.pop(id_)
                self.ruled_out.pop(id_, None)
                if status == 504:
                    assert request.deadline is not None
                    assert request.deadline <= self.now
                if status == 404:
                    assert self.nobody_serves(request)
                if status == 403:
                    assert not any(self.serves_there(request, id_) for id_ in self.stand)
            case PassOn(id_):
                assert id_ in self.placed, "it stays where it is"
                self.passed_on.add(id_)
            case AskToSteal(peer_id, count):
                assert count > 0
                assert not self.balancer.queue
                assert not self.draining
                self.asked[peer_id] += 1

    def place(self, id_: str, target: str) -> None:
        request = self.waiting.pop(id_)
        assert request.deadline is None or self.now < request.deadline
        assert self.may_serve(request, target), "never to a region that may not serve it"
        assert target not in self.ruled_out.get(id_, ()), "never to a target that failed with it"
        self.placed[id_] = target

    def check_replica(self, request: Request, id_: str) -> None:
        """By what was known before the event that placed it, and by that event."""
        replica = self.balancer.replicas.targets[id_]
        assert replica.models is None or not request.model or request.model in replica.models
        assert replica.health.reachable
        everyone = self.balancer.replicas.targets.values()
        others = [r for r in everyone if serves(r, request.model) and self.may_serve(request, r.id)]
        sound = [r for r in others if TABLE[r.health.state].takes in (Takes.BY_RULE, Takes.A_FEW)]
        if sound:
            assert TABLE[replica.health.state].takes is not Takes.NOTHING
            assert replica.health.state is not State.HALF_OPEN or replica.health.trial == request.id

    def nobody_serves(self, request: Request) -> bool:
        replicas, peers = self.balancer.replicas.targets.values(), self.balancer.peers.targets.values()
        reports = [peer.report for peer in peers] if self.switches.across is not Across.NONE else []
        by_peer = [None if report is None else report.models for report in reports]
        return not any(serves(replica, request.model) for replica in replicas) and not any(
            models is None or request.model in models for models in by_peer
        )

    def serves_there(self, request: Request, id_: str) -> bool:
        """Whether a target in a region that may serve the request serves its model."""
        if not self.may_serve(request, id_):
            return False
        if replica := self.balancer.replicas.targets.get(id_):
            return serves(replica, request.model)
        report = self.balancer.peers.targets[id_].report
        crosses = self.switches.across is not Across.NONE
        return crosses and (report is None or report.models is None or request.model in report.models)

    @rule(
        text=st.text("ab", max_size=8),
        key=st.none() | st.sampled_from("xyz"),
        from_peer=st.none() | st.sampled_from(PEERS),
        model=st.sampled_from(["", "", *MODELS]),
        time_s=st.none() | st.sampled_from([0.0, 0.1, 1.0]),
        regions=allowed,
    )
    def request_arrives(
        self,
        text: str,
        key: str | None,
        from_peer: str | None,
        model: str,
        time_s: float | None,
        *,
        regions: frozenset[str] | None,
    ) -> None:
        self.ids += 1
        deadline = None if time_s is None else self.now + 0.03 + time_s
        prompt = PromptKey.of("m", "".join(letter * 64 for letter in text).encode())
        request = Request(
            str(self.ids), prompt, key, from_peer, model=model, deadline=deadline, regions=regions
        )
        self.waiting[request.id] = request
        replicas = self.balancer.replicas
        available = {r.id for r in replicas.within(replicas.roomy & self.usable(request))}
        late = deadline is not None and deadline <= self.now + 0.03
        pushed = self.switches.across is Across.PUSH and from_peer is None
        actions = self.tell("request_arrived", request)
        forwards = [a for a in actions if isinstance(a, Forward)]
        if forwards and not self.switches.overcommit:
            assert forwards[0].replica in available
        if self.draining or late:
            assert [getattr(a, "status", 0) for a in actions] == [503 if self.draining else 504]
        elif available and not pushed and not self.holds(request):
            assert forwards, "whoever waits: it takes what is available to it"

    def draw_placed(self, data: st.DataObject, *, at: list[str] | None = None) -> str:
        """A request that is somewhere, without having been answered."""
        ids = sorted(set(self.placed) - self.passed_on)
        return data.draw(st.sampled_from([id_ for id_ in ids if at is None or self.placed[id_] in at]))

    def leaves(self, id_: str) -> None:
        self.placed.pop(id_, None)
        self.waiting.pop(id_, None)
        self.ruled_out.pop(id_, None)
        self.passed_on.discard(id_)

    def comes_back(self, id_: str, *, rule_out: bool) -> None:
        """The request is in nobody's hands until the balancer has said what is to become of it."""
        entry = self.balancer.ledger.get(id_)
        assert entry is not None
        self.waiting[id_] = entry.request
        target = self.placed.pop(id_)
        if rule_out:
            self.ruled_out.setdefault(id_, set()).add(target)

    @precondition(lambda self: self.placed)
    @rule(data=st.data(), event=st.sampled_from(["request_ended", "request_failed"]))
    def request_ends(self, data: st.DataObject, event: str) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.placed)))
        self.leaves(id_)
        self.tell(event, id_)

    @precondition(lambda self: set(self.placed) - self.passed_on)
    @rule(data=st.data())
    def target_is_unreachable(self, data: st.DataObject) -> None:
        id_ = self.draw_placed(data)
        self.comes_back(id_, rule_out=False)
        self.tell("request_undelivered", id_)

    @precondition(lambda self: set(self.placed) - self.passed_on)
    @rule(data=st.data())
    def target_fails(self, data: st.DataObject) -> None:
        id_ = self.draw_placed(data)
        losses = self.losses(id_)
        self.comes_back(id_, rule_out=True)
        self.tell("request_lost", id_)
        assert id_ not in self.waiting, "it is retried at once or not at all"
        assert losses + 1 < MAX_LOSSES or id_ not in self.placed, "two targets are enough"

    @precondition(lambda self: set(self.placed) - self.passed_on)
    @rule(data=st.data())
    def target_refuses(self, data: st.DataObject) -> None:
        id_ = self.draw_placed(data)
        losses, target = self.losses(id_), self.placed[id_]
        self.comes_back(id_, rule_out=True)
        request = self.waiting[id_]
        self.placed[id_] = target  # where it stays if the answer is passed on
        self.tell("request_refused", id_)
        if self.waiting.pop(id_, None) is not None:
            assert id_ in self.passed_on
        elif losses + 1 >= MAX_LOSSES or (request.deadline is not None and request.deadline <= self.now):
            raise AssertionError("two targets are enough, and time is up when it is up")

    @precondition(lambda self: any(self.placed[id_] in PEERS for id_ in set(self.placed) - self.passed_on))
    @rule(data=st.data())
    def peer_declines(self, data: st.DataObject) -> None:
        id_ = self.draw_placed(data, at=PEERS)
        peer = self.placed[id_]
        self.comes_back(id_, rule_out=True)
        self.placed[id_] = peer
        before = len(self.balancer.queue)
        self.tell("request_declined", id_)
        if id_ in self.passed_on:
            del self.waiting[id_]
        elif id_ in self.waiting:
            del self.placed[id_]
            assert before < self.switches.max_queue

    def losses(self, id_: str) -> int:
        entry = self.balancer.ledger.get(id_)
        assert entry is not None
        return entry.losses

    @precondition(lambda self: self.placed or self.waiting)
    @rule(data=st.data())
    def client_leaves(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(sorted([*self.placed, *self.waiting])))
        self.leaves(id_)
        self.tell("client_gone", id_)

    @rule(replica=st.sampled_from(REPLICAS), models=served)
    def replica_names_its_models(self, replica: str, models: frozenset[str] | None) -> None:
        self.tell("models_reported", replica, models)

    @rule(replica=st.sampled_from(REPLICAS), draining=st.booleans())
    def operator_drains_a_replica(self, replica: str, draining: bool) -> None:
        self.tell("replica_draining", replica, draining)

    @precondition(lambda self: self.ids > 5)
    @rule()
    def balancer_drains(self) -> None:
        self.draining = True
        self.tell("drain")
        assert self.balancer.report().available_replicas == 0

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

    @rule(replicas=st.sets(st.sampled_from(REPLICAS)), peers=st.sets(st.sampled_from(PEERS)), stand=standing)
    def targets_change(self, replicas: set[str], peers: set[str], stand: dict[str, str]) -> None:
        self.targets_are(sorted(replicas), sorted(peers), stand)
        for gone in {*PEERS} - peers:
            del self.asked[gone]  # the shell asks only peers, so no answer will come

    @rule(switches=systems)
    def operator_changes_the_switches(self, switches: Switches) -> None:
        self.switches = replace(switches, ejection=self.switches.ejection)
        self.asked.clear()
        self.tell("switches_changed", self.switches)

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
        for entry in self.balancer.queue:
            assert not entry.holds or self.now < entry.arrived + self.switches.hold_s

    @rule()
    def ejections_end(self) -> None:
        self.now += 2.5  # longer than the longest, with its jitter
        self.tell("time_passed")
        states = [replica.health.state for replica in self.balancer.replicas.targets.values()]
        assert State.EJECTED not in states

    @rule()
    def a_long_time_passes(self) -> None:
        self.now += self.switches.max_queue_s
        self.tell("time_passed")
        assert not self.waiting

    @invariant()
    def every_request_is_in_one_place(self) -> None:
        if self.ids:
            assert len(self.balancer.queue) == len(self.waiting)
            assert {e.request.id: e.target.id for e in self.balancer.ledger if e.target} == self.placed
            outstanding = [*self.balancer.replicas.targets.values(), *self.balancer.peers.targets.values()]
            assert all(t.outstanding >= 0 for t in [*outstanding, self.balancer.peers.self])

    @invariant()
    def masks_say_what_targets_say(self) -> None:
        pool = self.balancer.replicas
        for replica in pool.targets.values():
            takes, bit = TABLE[replica.health.state].takes, replica.bit
            free = takes is Takes.A_TRIAL and not trial_is_on(replica)
            assert bool(pool.takers & bit) is (takes in (Takes.BY_RULE, Takes.A_FEW) or free)
            assert bool(pool.reachable & bit) is replica.health.reachable
        everyone = sum(replica.bit for replica in pool.targets.values())
        assert pool.everyone == everyone
        assert (pool.roomy | pool.reachable | pool.sound | pool.takers) & ~everyone == 0
        assert pool.outstanding == sum(replica.outstanding for replica in pool.targets.values())

    @invariant()
    def ejections_are_bounded(self) -> None:
        replicas = self.balancer.replicas.targets.values()
        ejected = sum(replica.health.breaker is State.EJECTED for replica in replicas)
        assert ejected <= (self.switches.ejection.most_share * len(replicas) if self.ids else 0)

    def holds(self, request: Request) -> bool:
        """Whether it waits by choice, for a replica that has its prefix and no room. Its time is up at the
        next event that goes over the queue."""
        entry = self.balancer.queue.waiting.get(request.id)
        if entry is None or not entry.holds:
            return False
        assert self.switches.hold_s
        assert self.switches.replica_policy == "prefix_tree"
        return True

    def usable(self, request: Request) -> int:
        """By where each replica stands, and not by the balancer's own masks of regions."""
        replicas = self.balancer.replicas
        if request.regions is None:
            return replicas.usable(request.model)
        there = sum(r.bit for r in replicas.targets.values() if self.may_serve(request, r.id))
        return replicas.usable_among(there & replicas.serving.of(request.model))

    @invariant()
    def nobody_waits_while_a_target_is_available(self) -> None:
        for request in self.waiting.values():
            replicas, peers = self.balancer.replicas, self.balancer.peers
            out = self.ruled_out.get(request.id, ())
            usable = self.usable(request)
            available = usable & replicas.roomy
            if self.switches.overcommit:
                available |= usable
            takers = 0
            if request.from_peer is None and self.switches.across is Across.SELECTIVE_PUSH:
                takers = peers.with_room(len(self.waiting) - 1, request.model)
            elif request.from_peer is None and self.switches.across is Across.PUSH and not usable:
                takers = peers.that_serve(request.model)
            if self.holds(request):
                continue
            assert not available & ~replicas.mask_of(out)
            there = sum(peer.bit for peer in peers.targets.values() if self.may_serve(request, peer.id))
            assert not takers & there & ~peers.mask_of(out)

    @invariant()
    def an_idle_thief_asks_who_may_give(self) -> None:
        if not self.ids or self.waiting or self.draining or self.switches.across is not Across.STEAL_SMALL:
            return
        if self.balancer.replicas.available() and not any(self.asked.values()):
            assert not any(may_give(peer) for peer in self.balancer.peers.nearest_first())

    def teardown(self) -> None:
        for id_ in [*self.placed, *self.waiting]:
            self.leaves(id_)
            self.tell("client_gone", id_)
        if self.ids:
            assert len(self.balancer.ledger) == len(self.balancer.queue) == 0
            everyone = [*self.balancer.replicas.targets.values(), *self.balancer.peers.targets.values()]
            assert [t.outstanding for t in [*everyone, self.balancer.peers.self]] == [0] * (len(everyone) + 1)


def serves(replica: Replica, model: str) -> bool:
    return not model or replica.models is None or model in replica.models


BalancerMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestBalancer = BalancerMachine.TestCase
