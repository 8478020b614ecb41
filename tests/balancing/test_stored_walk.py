"""What holds of stored responses, whatever happens in whatever order.

A walk of random events at one balancer, which is told of answers as the proxy would. It checks that a request
that names a response which is known goes to who holds it or nowhere, and never to another target of the same
name; that nobody is sent where another client's response is; that who does not know the holder asks each peer
once at most; that each request is answered once; and that nothing is left behind.
"""

from collections import Counter
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

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

REPLICAS, PEERS = ["r1", "r2", "r3"], ["p1", "p2", "p3"]
RESPONSES = [f"resp_{n}" for n in range(5)]
systems = st.builds(
    Switches,
    across=st.sampled_from([*Across, Across.SELECTIVE_PUSH]),
    to_replicas=st.sampled_from(ToReplicas),
    max_outstanding=st.integers(1, 3),
    overcommit=st.booleans(),
    max_queue=st.integers(1, 10),
    max_queue_s=st.sampled_from([0.5, 10.0]),
    stored_responses=st.sampled_from([2, 100]),
)
reports = st.builds(
    ReplicaReport, pending=st.sampled_from([0, 0, 1, None]), running=st.none() | st.integers(0, 5)
)
OWNERS = [None, "alice", "bob"]
owners = st.sampled_from(OWNERS)
Where = tuple[str, int]
"""A target, and which of those of its name: it may have left and come back."""


class StoredWalk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.ids = 0
        self.requests: dict[str, Request] = {}
        self.at: dict[str, Where] = {}
        self.been: dict[str, list[str]] = {}
        self.incarnation: Counter[str] = Counter()
        self.present: set[str] = set()
        self.held: dict[str, tuple[Where, str | None]] = {}
        """Who was last said to hold a response, and whose it is."""
        self.known: dict[str, Where | None] = {}
        """Of each request under way, the holder of what it names, when it came."""

    @initialize(switches=systems, seed=st.integers(0, 9))
    def start(self, switches: Switches, seed: int) -> None:
        self.balancer = Balancer(name="me", switches=switches, rng=Random(seed))
        self.targets_are(REPLICAS, PEERS)
        for peer in PEERS:
            self.tell("peer_reported", peer, PeerReport(0, 0, 0, 1, 1), 0.01)

    def targets_are(self, replicas: list[str], peers: list[str]) -> None:
        now_present = {*replicas, *peers}
        for id_ in now_present - self.present:
            self.incarnation[id_] += 1
        self.present = now_present
        self.tell("targets_changed", replicas=replicas, peers=peers)

    def tell(self, event: str, *args: object, **kwargs: object) -> None:
        self.now += 0.03
        for action in list(getattr(self.balancer, event)(self.now, *args, **kwargs)):
            self.follow(action)

    def follow(self, action: Action) -> None:
        match action:
            case Forward(request_id=id_, replica=target) | HandOver(request_id=id_, peer=target):
                self.sent(id_, target, self.requests[id_])
            case Reject(request_id=id_):
                del self.requests[id_]
                self.at.pop(id_, None)
            case PassOn(request_id=id_):
                assert self.requests[id_]

    def sent(self, id_: str, target: str, request: Request) -> None:
        assert target in self.present
        before = self.been.setdefault(id_, [])
        self.at[id_] = (target, self.incarnation[target])
        if request.from_peer is not None:
            assert target in REPLICAS
        if request.stored is not None:
            self.sent_to_holder(id_, target, request)
            known = self.known[id_] is not None
            assert known or target not in before or target in REPLICAS
        before.append(target)

    def sent_to_holder(self, id_: str, target: str, request: Request) -> None:
        holder = self.known[id_]
        if holder is not None:
            assert (target, self.incarnation[target]) == holder
        elif target in REPLICAS:
            # Only what nobody is known to hold is placed by chance, and only without keys.
            assert request.tenant is None
            assert request.from_peer is None

    @rule(
        tenant=owners, named=st.none() | st.sampled_from(RESPONSES), generates=st.booleans(), data=st.data()
    )
    def arrives(self, tenant: str | None, named: str | None, generates: bool, data: st.DataObject) -> None:
        self.ids += 1
        id_ = str(self.ids)
        stored = None if named is None else StoredResponse(named, generates=generates)
        peer = data.draw(st.sampled_from([None, None, *PEERS]))
        late = data.draw(st.sampled_from([None, 0.2]))
        deadline = None if late is None else self.now + late
        request = Request(
            id_, PromptKey.of("m", b""), from_peer=peer, tenant=tenant, deadline=deadline, stored=stored
        )
        self.requests[id_] = request
        self.known[id_] = None if named is None else self.holder(named, request)
        self.tell("request_arrived", request)

    def holder(self, named: str, request: Request) -> Where | None:
        """Ask the balancer's memory, and check it against what was said."""
        holding = self.balancer.stored.responses.find(self.now, named, request.tenant)
        if holding is None:
            return None
        where, owner = self.held[named]
        assert owner == request.tenant
        assert (holding.target.id, holding.at_peer) == (where[0], where[0] in PEERS)
        return None if request.from_peer is not None and holding.at_peer else where

    @precondition(lambda self: self.at)
    @rule(data=st.data(), response=st.sampled_from(RESPONSES))
    def answers(self, data: st.DataObject, response: str) -> None:
        """The answer begins, and tells of a response."""
        id_ = data.draw(st.sampled_from(sorted(self.at)))
        request = self.requests[id_]
        told = response if request.stored is None else request.stored.id
        before = [owner for owner in OWNERS if self.balancer.stored.responses.find(self.now, told, owner)]
        self.balancer.response_stored(self.now, id_, told)
        after = [owner for owner in OWNERS if self.balancer.stored.responses.find(self.now, told, owner)]
        if before and before != [request.tenant]:
            assert after == before  # it is another's, and stays it
        else:
            assert after == [request.tenant]
            self.held[told] = (self.at[id_], request.tenant)

    @precondition(lambda self: self.at)
    @rule(
        data=st.data(),
        how=st.sampled_from(["ended", "failed", "lost", "undelivered", "refused", "declined", "gone"]),
    )
    def is_over(self, data: st.DataObject, how: str) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.at)))
        if how == "declined" and self.at[id_][0] not in PEERS:
            how = "refused"
        self.tell("client_gone" if how == "gone" else f"request_{how}", id_)
        if how in ("ended", "failed", "gone"):
            del self.at[id_], self.requests[id_]
        elif id_ in self.balancer.queue.waiting:
            del self.at[id_]

    @rule(
        replicas=st.lists(st.sampled_from(REPLICAS), unique=True),
        peers=st.lists(st.sampled_from(PEERS), unique=True),
    )
    def targets_change(self, replicas: list[str], peers: list[str]) -> None:
        self.targets_are(replicas, peers)

    @rule(replica=st.sampled_from(REPLICAS), report=st.none() | reports)
    def replica_is_probed(self, replica: str, report: ReplicaReport | None) -> None:
        self.tell("replica_failed", replica) if report is None else self.tell(
            "replica_probed", replica, report
        )

    @rule(replica=st.sampled_from(REPLICAS), draining=st.booleans())
    def replica_drains(self, replica: str, draining: bool) -> None:
        self.tell("replica_draining", replica, draining)

    @rule(peer=st.sampled_from(PEERS), draining=st.booleans(), up=st.booleans())
    def peer_is_heard_of(self, peer: str, draining: bool, up: bool) -> None:
        if up:
            self.tell("peer_reported", peer, PeerReport(0, 0, 0, 1, 1, draining=draining), 0.01)
        else:
            self.tell("peer_failed", peer)

    @rule(thief=st.sampled_from(PEERS))
    def a_peer_steals(self, thief: str) -> None:
        self.tell("steal_asked", thief, 3)

    @rule(seconds=st.sampled_from([0.1, 1.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.tell("time_passed")

    @invariant()
    def each_is_in_one_place(self) -> None:
        if not hasattr(self, "balancer"):
            return
        placed = {entry.request.id for entry in self.balancer.ledger}
        waiting = set(self.balancer.queue.waiting)
        assert placed == set(self.at)
        assert not placed & waiting
        assert placed | waiting == set(self.requests)

    def teardown(self) -> None:
        if not hasattr(self, "balancer"):
            return
        while self.at:
            id_ = next(iter(self.at))
            del self.at[id_], self.requests[id_]
            self.tell("request_ended", id_)
        for id_ in list(self.balancer.queue.waiting):
            self.tell("client_gone", id_)
        pools = (self.balancer.replicas, self.balancer.peers)
        assert all(pool.outstanding == 0 for pool in pools)
        assert len(self.balancer.queue) == len(self.balancer.ledger) == 0


TestStoredWalk = StoredWalk.TestCase
TestStoredWalk.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
