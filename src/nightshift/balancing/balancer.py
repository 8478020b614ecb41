"""The balancer as a state machine: events and a time go in, actions come out.

A request arrives into the queue and leaves it exactly once: to a replica, to a peer, or with an error. What
is sent stands in the ledger until it is over. After every event the queue is gone over, so that no request
waits while a target is available to it. A request crosses between balancers once at most: one that came from
a peer may only go to a replica here.

The order of choice for a request, which makes all systems out of one code (`switches.py`):

1. *push*: the peer policy chooses among all balancers, this one included, when the request arrives.
2. A local replica that is available, by the replica policy.
3. *selective push*: a peer with room, by the peer policy. *push*: a peer that serves, when no replica here
   can be reached any more.
4. *overcommit*: any local replica that can be reached.
5. It waits. In a stealing system a peer may come for it.

The clock is the caller's: `now` is in seconds and never goes back. Chance comes from the generator given.
"""

from collections.abc import Iterable, Sequence
from random import Random

from nightshift.balancing.ledger import Ledger
from nightshift.balancing.messages import (
    Action,
    Decision,
    Forward,
    HandOver,
    PeerReport,
    Reject,
    ReplicaReport,
    Request,
)
from nightshift.balancing.policies import Choice
from nightshift.balancing.pools import PeerPool, ReplicaPool
from nightshift.balancing.queue import Entry, Queue
from nightshift.balancing.refusals import Refusals
from nightshift.balancing.retry_budget import RetryBudget
from nightshift.balancing.stealing import Thief, choose_loot
from nightshift.balancing.switches import Across, Switches
from nightshift.balancing.targets import Peer, Target

MAX_LOSSES = 2
"""Targets that may fail while they have a request before it is refused."""
MAX_ATTEMPTS = 3
"""Targets in a row that may prove unreachable before a request is refused."""


class Balancer:
    """See the head of the file."""

    def __init__(self, *, name: str, switches: Switches, rng: Random) -> None:
        """`name` is this balancer's own id among its peers."""
        self.name = name
        self.switches = switches
        self.replicas = ReplicaPool(switches, rng)
        self.peers = PeerPool(name, switches, rng)
        self.ledger = Ledger()
        self.queue = Queue()
        self._refusals = Refusals(rng)
        self._retries = RetryBudget()
        self._arrivals = 0
        self._thief = Thief(switches.across)

    # Events about requests

    def request_arrived(self, now: float, request: Request) -> Sequence[Action]:
        """A request is here, whole."""
        if refused := self._refusal(now, request):
            return [refused]
        self._retries.arrived()
        entry = Entry(request, now, self._arrivals, may_cross=self._may_cross(request))
        self._arrivals += 1
        if self.switches.across is Across.PUSH and request.from_peer is None:
            choice = self.peers.policy.pick(request, self._everyone())
            if choice.target != self.name:
                return [self._hand_over(now, entry, choice)]
            self._keep(entry)
        self.queue.append(entry)
        return self._place(now)

    def request_ended(self, now: float, request_id: str) -> Sequence[Action]:
        """A request that was sent to a replica or a peer is over, well or badly."""
        placed = self.ledger.settle(request_id)
        if placed is not None:
            self._release(placed.entry)
        return self._place(now)

    def request_undelivered(self, now: float, request_id: str) -> Sequence[Action]:
        """The target could not be reached and nothing was done there: place the request again, elsewhere."""
        placed = self.ledger.settle(request_id)
        if placed is None:
            return ()
        placed.target.reachable = False
        entry = placed.entry
        entry.attempts += 1
        if entry.attempts >= MAX_ATTEMPTS:
            self._release(entry)
            return [self._refusals.unreachable(request_id, entry.attempts), *self._place(now)]
        self.queue.put_back(entry)
        return self._place(now)

    def request_lost(self, now: float, request_id: str) -> Sequence[Action]:
        """The target failed while it had the request, before any of the answer was there.

        The request goes to another target if one has room this moment, within the budget of retries: never
        to the same one, and never to a third after two have failed with it. It may be what killed them.
        """
        placed = self.ledger.settle(request_id)
        if placed is None:
            return ()
        placed.target.reachable = False
        entry = placed.entry
        entry.losses += 1
        retries = entry.losses < MAX_LOSSES and self._retries.spend(now)
        action = self._elsewhere(now, entry, placed.target.id) if retries else None
        if action is None:
            self._release(entry)
            action = self._refusals.lost(request_id, entry.losses, placed.target.id)
        return [action, *self._place(now)]

    def client_gone(self, now: float, request_id: str) -> Sequence[Action]:
        """The client left. Frees the request's place, wherever it is (the shell cuts the upstream itself)."""
        entry = self.queue.remove(request_id)
        if entry is not None:
            self._release(entry)
            return ()
        return self.request_ended(now, request_id)

    # Events about targets

    def targets_changed(
        self, now: float, *, replicas: Iterable[str], peers: Iterable[str]
    ) -> Sequence[Action]:
        """The replicas of this balancer and its peers (itself left out) are now these."""
        self.replicas.set_targets(replicas)
        self.peers.set_targets(peers)
        self._thief.peers_are(self.peers.targets)
        return self._place(now)

    def replica_probed(
        self, now: float, replica: str, report: ReplicaReport, rtt_s: float = 0.0
    ) -> Sequence[Action]:
        """A replica reported; `rtt_s` is the time the report took, asked and answered."""
        if target := self.replicas.targets.get(replica):
            target.reported(now, report, rtt_s)
        return self._place(now)

    def replica_failed(self, now: float, replica: str) -> Sequence[Action]:
        """A replica's probe failed: not available until it reports again."""
        self.replicas.failed(replica)
        return self._place(now)  # where requests go to a peer when no replica can be reached

    def peer_reported(self, now: float, peer: str, report: PeerReport, rtt_s: float) -> Sequence[Action]:
        """A peer reported, `rtt_s` being the round trip of that report."""
        if target := self.peers.targets.get(peer):
            target.reported(now, report, rtt_s)
        return self._place(now)

    def peer_failed(self, now: float, peer: str) -> Sequence[Action]:
        """A peer did not report: not available until it does."""
        self.peers.failed(peer)
        return ()

    def steal_asked(self, now: float, thief: str, count: int) -> Sequence[Action]:
        """A peer asks for up to `count` queued requests; the actions hand them over."""
        if thief not in self.peers.targets:
            return ()
        balancers = [self.name, *self.peers.targets]
        waiting = self.queue.youngest_crossing_first()
        loot = choose_loot(waiting, thief, balancers, self.peers.policy, count)
        for entry in loot:
            self.queue.remove(entry.request.id)
        return [self._hand_over(now, entry, Choice(thief, 0.0, "stolen")) for entry in loot]

    def steal_answered(self, now: float, peer: str, granted: int) -> Sequence[Action]:
        """The peer we asked gave `granted` requests (or 0: asking failed), which arrive by themselves."""
        self._thief.answered(peer)
        return self._place(now)

    def time_passed(self, now: float) -> Sequence[Action]:
        """Call once each probe interval: refuses what has waited too long."""
        return [*self._expire(now), *self._place(now)]

    # What others may know

    def report(self) -> PeerReport:
        """What this balancer tells its peers."""
        return PeerReport(
            queue=len(self.queue),
            queue_from_users=self.queue.crossing,
            outstanding=sum(replica.outstanding for replica in self.replicas.targets.values()),
            replicas=len(self.replicas.targets),
            available_replicas=len(self.replicas.available()),
        )

    # How requests are placed

    def _place(self, now: float) -> list[Action]:
        """Send off what can be sent, oldest first, then look for more work elsewhere."""
        actions: list[Action] = []
        while (entry := self.queue.oldest()) is not None:
            action = self._to_replica(now, entry) or self._to_peer(now) or self._overcommit(now, entry)
            if action is None:
                break
            actions.append(action)
        if not self.queue:
            actions.extend(self._thief.ask(now, self))
        return actions

    def _to_replica(self, now: float, entry: Entry) -> Action | None:
        available = self.replicas.available()
        return self._forward(now, entry, available) if available else None

    def _to_peer(self, now: float) -> Action | None:
        """Hand over the oldest request that may cross, if this system does that and a peer takes it."""
        entry = self.queue.oldest_crossing()
        candidates = self._takers(len(self.queue) - 1) if entry else []
        if entry is None or not candidates:
            return None
        self.queue.remove(entry.request.id)
        return self._hand_over(now, entry, self.peers.policy.pick(entry.request, candidates))

    def _elsewhere(self, now: float, entry: Entry, failed: str) -> Action | None:
        """Send a request that is not in the queue to where there is room now, and not to `failed`.

        By name, because a target that was removed and named again is another object.
        """
        if available := [replica for replica in self.replicas.available() if replica.id != failed]:
            return self._forward(now, entry, available)
        takers = self._takers(len(self.queue)) if entry.may_cross else []
        takers = [peer for peer in takers if peer.id != failed]
        return self._hand_over(now, entry, self.peers.policy.pick(entry.request, takers)) if takers else None

    def _takers(self, own_queue: int) -> list[Peer]:
        """Return the peers that may be handed a request while `own_queue` others wait here.

        Selective push: those with room. Push chose this balancer for what waits here, or found the chosen
        peer gone; only when no replica here can be reached, another peer takes it.
        """
        if self.switches.across is Across.SELECTIVE_PUSH:
            return self.peers.with_room(own_queue)
        if self.switches.across is Across.PUSH and not self.replicas.reachable():
            return self.peers.that_serve()
        return []

    def _overcommit(self, now: float, entry: Entry) -> Action | None:
        targets = self.replicas.reachable() if self.switches.overcommit else []
        return self._forward(now, entry, targets) if targets else None

    def _forward(self, now: float, entry: Entry, targets: Sequence[Target]) -> Action:
        choice = self.replicas.policy.pick(entry.request, targets)
        self.queue.remove(entry.request.id)
        self._refusals.placed(now)
        self.ledger.put(entry, self.replicas.send(now, entry.request, choice))
        if self._thief.steals:
            self.peers.policy.placed(entry.request, self.name)  # a thief is weighed against this balancer
        return Forward(entry.request.id, choice.target, _decision(now, entry, choice))

    def _hand_over(self, now: float, entry: Entry, choice: Choice) -> Action:
        self._release(entry)
        self._refusals.placed(now)
        self.ledger.put(entry, self.peers.send(now, entry.request, choice))
        return HandOver(entry.request.id, choice.target, _decision(now, entry, choice))

    def _keep(self, entry: Entry) -> None:
        """A push system chose this balancer itself: the request stays, and counts as load of this one."""
        entry.kept = True
        self.peers.self.outstanding += 1
        self.peers.policy.placed(entry.request, self.name)

    def _release(self, entry: Entry) -> None:
        """The request is no longer load that a push system keeps here."""
        if entry.kept:
            entry.kept = False
            self.peers.self.outstanding -= 1

    def _everyone(self) -> list[Target]:
        """Return the balancers that a push system chooses from; this one where nobody else is left."""
        others: list[Target] = list(self.peers.that_serve())
        return [self.peers.self, *others] if self.replicas.reachable() or not others else others

    def _may_cross(self, request: Request) -> bool:
        return request.from_peer is None and self.switches.across is not Across.NONE

    def _refusal(self, now: float, request: Request) -> Reject | None:
        waiting = len(self.queue)
        if waiting >= self.switches.max_queue:
            return self._refusals.queue_full(now, request.id, waiting)
        if not self.replicas.targets and not (self._may_cross(request) and self.peers.targets):
            return self._refusals.no_replica(now, request.id, waiting)
        return None

    def _expire(self, now: float) -> list[Action]:
        """Refuse what has waited too long."""
        expired: list[Action] = []
        limit_s = self.switches.max_queue_s
        while (entry := self.queue.oldest()) is not None and entry.arrived + limit_s <= now:
            self.queue.remove(entry.request.id)
            self._release(entry)
            id_, waiting = entry.request.id, len(self.queue)
            if self.replicas.reachable() or (entry.may_cross and self.peers.that_serve()):
                expired.append(self._refusals.waited_too_long(now, id_, waiting, limit_s=limit_s))
            else:
                expired.append(self._refusals.no_replica(now, id_, waiting))
        return expired


def _decision(now: float, entry: Entry, choice: Choice) -> Decision:
    return Decision(choice.reason, queued_s=now - entry.arrived, matched=choice.matched)
