"""Where a request may go now, and sending it there.

The order of choice for a request, which makes all systems out of one code (`switches.py`):

1. *push*: the peer policy chooses among all balancers, this one included, when the request arrives.
2. A local replica that is available, by the replica policy. A request may *hold* instead: wait a moment for a
   replica without room that has its prefix.
3. *selective push*: a peer with room, by the peer policy. *push*: a peer that serves, when no replica here
   can be reached any more.
4. *overcommit*: any local replica that can be reached.

A request goes only where its model is served and to regions that may serve it, never to a target that it must
avoid, and never across twice. All of that is a mask, which is applied before any policy compares anything.
This room knows targets and the ledger of what was sent; who waits, and for how long, is the balancer's.
"""

from random import Random

from nightshift.balancing.explain import Explanations
from nightshift.balancing.ledger import Ledger
from nightshift.balancing.messages import Decision, Forward, HandOver, Request
from nightshift.balancing.peer_pool import PeerPool
from nightshift.balancing.policies import Choice
from nightshift.balancing.pool import Pool
from nightshift.balancing.queue import Entry, Lane
from nightshift.balancing.replica_pool import ReplicaPool
from nightshift.balancing.switches import Across, Switches
from nightshift.balancing.targets import Peer, Replica


class Placement:
    """See the head of the file."""

    def __init__(self, name: str, switches: Switches, rng: Random) -> None:
        self.name = name
        self.replicas = ReplicaPool(switches, rng)
        self.peers = PeerPool(name, switches, rng)
        self.ledger = Ledger()
        self.explanations = Explanations(self.replicas, self.peers, switches)
        self._set(switches)

    def use(self, switches: Switches) -> None:
        """Place by these from now on, also what comes back from where it was sent."""
        self.replicas.use(switches)
        self.peers.use(switches)
        self.explanations.use(switches)
        self._set(switches)
        for entry in self.ledger:
            entry.may_cross = self.may_cross(entry.request.from_peer)

    def _set(self, switches: Switches) -> None:
        self._crosses = switches.across is not Across.NONE
        self._pushes = switches.across is Across.PUSH
        self._pushes_selectively = switches.across is Across.SELECTIVE_PUSH
        self._overcommits = switches.overcommit
        self._hold_s = switches.hold_s
        self._steals = switches.across in (Across.STEAL_AVERAGE, Across.STEAL_SMALL)

    # What could be

    def may_cross(self, from_peer: str | None) -> bool:
        """Tell whether a request may go to a peer: it has not crossed yet, and the system hands over."""
        return self._crosses and from_peer is None

    def lane(self, entry: Entry) -> Lane:
        """Return the lane that a request waits in; only models that somebody names have lanes of their
        own."""
        if entry.bound is not None:
            return Lane("", may_cross=False, avoid=entry.avoid, holder=entry.bound.holder)
        model = entry.request.model
        named = self.replicas.serving.names(model) or self.peers.serving.names(model)
        lane = model if named else ""
        return Lane(lane, entry.may_cross, entry.avoid, entry.request.regions, entry.holds_for)

    def model_is_unknown(self, entry: Entry) -> bool:
        """Tell whether it is known of every target that it does not serve the request's model."""
        if entry.request.from_peer is not None or not (self.replicas.everyone or self.peers.everyone):
            return False  # whoever handed it over may know more; and of no target nothing is known
        model, crosses = entry.request.model, entry.may_cross
        return not (self.replicas.serving.of(model) or (crosses and self.peers.serving.of(model)))

    def is_out_of_bounds(self, entry: Entry) -> bool:
        """Tell whether nobody in the regions that may serve a request serves it, as far as is known.

        Not so while those regions had targets that are all gone now, nor while there is none anywhere: what
        is lost, or not told yet, may come back.
        """
        allowed = entry.request.regions
        if allowed is None or entry.request.from_peer is not None:
            return False  # whoever handed it over may know others
        pools: tuple[Pool[Replica] | Pool[Peer], ...] = (self.replicas,)
        if entry.may_cross:
            pools = (self.replicas, self.peers)
        if any(pool.everyone & pool.regions.of(allowed) for pool in pools):
            return not any(pool.everyone & pool.eligible(entry.request) for pool in pools)
        seen = {region for pool in pools for region in pool.regions.seen}
        return bool(seen) and seen.isdisjoint(allowed)

    def has_targets(self, entry: Entry) -> bool:
        """Tell whether there is any target for a request, reachable or not."""
        if entry.bound is not None:
            return True  # whoever waits for it is told when it is gone
        return bool(self._all(self.replicas, entry) or (entry.may_cross and self._all(self.peers, entry)))

    def could_serve(self, entry: Entry) -> bool:
        """Tell whether somebody who can be reached could serve the request, had they room."""
        request = entry.request
        if entry.bound is not None or self._usable(request) & ~self.replicas.mask_of(entry.avoid):
            return True
        return entry.may_cross and bool(self._serving_peers(request) & ~self.peers.mask_of(entry.avoid))

    def _all(self, pool: Pool[Replica] | Pool[Peer], entry: Entry) -> int:
        return pool.everyone & ~pool.mask_of(entry.avoid) & pool.eligible(entry.request)

    def _usable(self, request: Request) -> int:
        """Return the replicas that could be sent the request, had they room."""
        if request.regions is None:
            return self.replicas.usable(request.model)
        return self.replicas.usable_among(self.replicas.eligible(request))

    def _serving_peers(self, request: Request) -> int:
        """Return the reachable peers that could serve the request, had they room."""
        peers = self.peers.that_serve(request.model)
        return peers if request.regions is None else peers & self.peers.regions.of(request.regions)

    # Placing

    def to_replica(self, now: float, entry: Entry) -> Forward | None:
        """Send the request to an available replica, if there is one for it."""
        request = entry.request
        if request.regions is None:
            mask = self.replicas.available(request.model)
        else:
            mask = self.replicas.roomy & self._usable(request)
        if entry.avoid:
            mask &= ~self.replicas.mask_of(entry.avoid)
        if (self._hold_s or entry.holds) and self._holds(now, entry, mask):
            return None
        return self._forward(now, entry, mask) if mask else None

    def _holds(self, now: float, entry: Entry, roomy: int) -> bool:
        """Tell whether the request waits for a replica that is not among those with room, and note for which.

        Once its time is over it goes wherever it may, from the lane that it waits in. One that a target has
        failed with is tried elsewhere at once.
        """
        holders, replicas = 0, self.replicas
        if now < entry.arrived + self._hold_s and not entry.losses:
            busy = self._usable(entry.request) & ~replicas.mask_of(entry.avoid) & ~roomy
            holders = replicas.policy.worth_waiting(entry.request, roomy, busy) if busy else 0
        entry.holds = bool(holders)
        if holders and entry.holds_for is None:
            entry.holds_for = next(replicas.within(holders))
        return entry.holds

    def place(self, now: float, entry: Entry, own_queue: int) -> Forward | HandOver | None:
        """Send the request where it may go now, while `own_queue` others wait; None: nowhere."""
        return self.to_replica(now, entry) or self.beyond(now, entry, own_queue)

    def beyond(self, now: float, entry: Entry, own_queue: int) -> Forward | HandOver | None:
        """Send the request on when no replica is available: to a peer, or to one that is full."""
        if entry.holds:
            return None
        if entry.may_cross and (takers := self._takers(entry, own_queue)):
            peer, choice = self.peers.pick(entry.request, takers)
            return self.hand_over(now, entry, peer, choice, takers)
        if self._overcommits:
            mask = self._usable(entry.request) & ~self.replicas.mask_of(entry.avoid)
            return self._forward(now, entry, mask) if mask else None
        return None

    def push(self, now: float, entry: Entry) -> HandOver | None:
        """Have the peer policy choose among all balancers; None: it chose this one, which keeps the
        request."""
        peers = self.peers
        everyone = self._serving_peers(entry.request)
        if self._usable(entry.request) or not everyone:
            everyone |= peers.self.bit
        chosen, choice = peers.pick(entry.request, everyone)
        if chosen is not peers.self:
            return self.hand_over(now, entry, chosen, choice, everyone)
        entry.kept = True
        peers.keep(entry.request)
        return None

    def hand_over(self, now: float, entry: Entry, peer: Peer, choice: Choice, allowed: int) -> HandOver:
        """Send the request to a peer that was chosen from `allowed`."""
        decision = Decision(choice.reason, now - entry.arrived, choice.matched)
        if now >= self.explanations.next_at:
            self.explanations.handed_over(now, entry, peer, decision, allowed)
        self.release(entry)
        self.peers.sent(now, entry.request, peer)
        entry.at_peer = True
        self.ledger.put(entry, peer)
        return HandOver(entry.request.id, peer.id, decision)

    def _forward(self, now: float, entry: Entry, allowed: int) -> Forward:
        request = entry.request
        replica, choice = self.replicas.pick(request, allowed)
        decision = Decision(choice.reason, now - entry.arrived, choice.matched)
        if now >= self.explanations.next_at:
            self.explanations.forwarded(now, entry, replica, decision, allowed)
        self.replicas.sent(now, request, replica)
        entry.at_peer = False
        self.ledger.put(entry, replica)
        if self._steals:  # a thief is weighed against this balancer
            self.peers.policy.placed(request, self.peers.self.slot)
        return Forward(request.id, replica.id, decision)

    def _takers(self, entry: Entry, own_queue: int) -> int:
        """Return the peers that may be handed the request while `own_queue` others wait here.

        Selective push: those with room. Push chose this balancer for what waits here, or found the chosen
        peer gone; only when no replica here can be reached, another peer takes it.
        """
        request, takers = entry.request, 0
        if self._pushes_selectively:
            takers = self.peers.with_room(own_queue, request.model)
            if request.regions is not None:
                takers &= self.peers.regions.of(request.regions)
        elif self._pushes and not self._usable(request):
            takers = self._serving_peers(request)
        return takers & ~self.peers.mask_of(entry.avoid) if entry.avoid else takers

    # What is over

    def release(self, entry: Entry) -> None:
        """The request is no longer load that a push system keeps here."""
        if entry.kept:
            entry.kept = False
            self.peers.release()

    def take_back(self, entry: Entry) -> None:
        """The request is not where it was sent any more."""
        self.ledger.pop(entry.request.id)
        if entry.target is not None:
            self.pool_of(entry).over(entry.target, entry.request.id)

    def end(self, entry: Entry) -> None:
        """The request is over."""
        self.ledger.pop(entry.request.id)
        self.free(entry)

    def free(self, entry: Entry, *, well: bool = False) -> None:
        """Free the place of a request that the ledger has let go; `well`: it was answered to its end."""
        if entry.target is not None:
            pool = self.peers if entry.at_peer else self.replicas
            pool.over(entry.target, entry.request.id, well=well)
        if entry.kept:
            self.release(entry)

    def blame(self, now: float, entry: Entry, *, unreachable: bool = False) -> None:
        """Count a failure against the request's target, once for each request."""
        pool, target = self.pool_of(entry), entry.target
        if target is None:
            return
        if unreachable:
            pool.unreachable(target)
        if not entry.judged:
            pool.failed(now, target, entry.request.id)
            entry.judged = True

    def pool_of(self, entry: Entry) -> Pool[Replica] | Pool[Peer]:
        """Return the pool that a request was sent into."""
        return self.peers if entry.at_peer else self.replicas
