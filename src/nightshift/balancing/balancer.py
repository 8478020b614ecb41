"""The balancer as a state machine: events and a time go in, actions come out.

A request arrives, goes into the queue unless there is a place for it at once, and leaves exactly once: to a
replica, to a peer, or with an error. What is sent stands in the ledger until it is over. After every event
the queue is gone over, so that no request waits while a target is available to it; that is also why a
request that arrives and finds a replica may go there directly, whoever waits: nobody who waits could use
it. A request crosses between balancers once at most: one that came from a peer may only go to a replica
here.

Where a request may go is `placement.py`, or `stored_placement.py` if it names a stored response; how healthy
a replica is, `health.py`; what a refusal says, `refusals.py`. An event costs O(1) in replicas and waiting
requests, O(lanes) when somebody waits, and O(peers) when no replica here has room.

The clock is the caller's: `now` is in seconds and never goes back. Chance comes from the generator given.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Final

from nightshift.balancing.explain import Explained
from nightshift.balancing.messages import Action, PassOn, PeerReport, ReplicaReport, Request
from nightshift.balancing.placement import Placement
from nightshift.balancing.queue import Bound, Entry, Queue
from nightshift.balancing.refusals import Refusals
from nightshift.balancing.retry_budget import RetryBudget
from nightshift.balancing.stealing import Thief
from nightshift.balancing.stored_placement import StoredPlacement
from nightshift.balancing.switches import Across, Switches
from nightshift.balancing.targets import Target
from nightshift.balancing.waiting import Waiting

MAX_LOSSES: Final = 2
"""Targets that may fail while they have a request before it is refused."""
MAX_ATTEMPTS: Final = 3
"""Targets in a row that may prove unreachable before a request is refused."""
_NOT_SAID: Mapping[str, str] = MappingProxyType({})


class Balancer:
    """See the head of the file."""

    def __init__(self, *, name: str, switches: Switches, rng: Random) -> None:
        """`name` is this balancer's own id among its peers."""
        self.name = name
        self.switches = switches
        self.draining = False
        self.placement = Placement(name, switches, rng)
        self.replicas = self.placement.replicas
        self.peers = self.placement.peers
        self.ledger = self.placement.ledger
        self.queue = Queue()
        self._refusals = Refusals(rng, self.placement.explanations)
        self.stored = StoredPlacement(self.placement, self._refusals, switches)
        self._waiting = Waiting(self.queue, self.placement, self.stored, self._refusals, switches)
        self.retries = RetryBudget()
        self._arrivals = 0
        self._thief = Thief(switches.across)
        self._pushes = switches.across is Across.PUSH

    # Events about requests

    def request_arrived(self, now: float, request: Request) -> Sequence[Action]:
        """A request is here, whole."""
        entry = Entry(request, now, self._arrivals, self.placement.may_cross(request.from_peer))
        self._arrivals += 1
        if self.draining:
            return [self._refusals.draining(now, entry, len(self.queue))]
        if request.deadline is not None and entry.is_late(now):
            return [self._refusals.too_late(now, entry)]
        self.retries.arrived()
        if request.stored is not None:
            action = self.stored.arrived(now, entry, request.stored, len(self.queue))
            return self._wait(now, entry) if action is None else [action]
        if self._pushes and request.from_peer is None:
            return self._pushed(now, entry)
        action = self.placement.to_replica(now, entry)
        if action is None and not self.queue.crossing:
            action = self.placement.beyond(now, entry, len(self.queue.waiting))
        if action is None:
            return self._wait(now, entry)
        self._refusals.placed(now)
        return [action, *self._more_work(now)] if self._thief.steals else [action]

    def request_ended(self, now: float, request_id: str) -> Sequence[Action]:
        """A request that was sent to a replica or a peer was answered to its end (also with 4xx)."""
        entry = self.ledger.pop(request_id)
        if entry is not None:
            self.placement.free(entry, well=not entry.judged)
        return self._place(now) if self.queue.waiting or self._thief.steals else ()

    def request_failed(self, now: float, request_id: str) -> Sequence[Action]:
        """The target failed amid the answer, of which the client has seen a part."""
        entry = self.ledger.get(request_id)
        if entry is not None:
            self.placement.blame(now, entry)
            self.placement.end(entry)
        return self._place(now)

    def request_undelivered(self, now: float, request_id: str, *, ours: bool = False) -> Sequence[Action]:
        """The target could not be reached and nothing was done there: place the request again, elsewhere.

        `ours`: because of what is missing here (open files), which says nothing of the target.
        """
        entry = self.ledger.get(request_id)
        if entry is None or entry.target is None:
            return ()
        if ours:
            return self._not_sent(now, entry, entry.target)
        self.placement.blame(now, entry, unreachable=True)
        self.placement.take_back(entry)
        entry.attempts += 1
        if entry.attempts < MAX_ATTEMPTS and not entry.is_late(now):
            self._waiting.put_back(entry)
            return self._place(now)
        self.placement.release(entry)
        late = entry.attempts < MAX_ATTEMPTS
        refused = self._refusals.too_late(now, entry) if late else self._refusals.unreachable(now, entry)
        return [refused, *self._place(now)]

    def request_lost(self, now: float, request_id: str, *, timed_out: bool = False) -> Sequence[Action]:
        """The target went away, or spoke no HTTP, or took too long, before any of the answer was there.

        The request goes to another target if one has room this moment, within the budget of retries: never
        to the same one, and never to a third after two have failed with it. It may be what killed them.
        """
        entry = self.ledger.get(request_id)
        if entry is None or entry.target is None:
            return ()
        target = entry.target.id
        self.placement.blame(now, entry, unreachable=True)
        self.placement.take_back(entry)
        action = self._elsewhere(now, entry, target)
        if action is None:
            self.placement.release(entry)
            action = self._refusals.lost(now, entry, target, timed_out=timed_out)
        return [action, *self._place(now)]

    def request_refused(self, now: float, request_id: str) -> Sequence[Action]:
        """The target answered with an error of its own (500, 502, 503, 504, 529) before any content.

        As with a loss, another target may do better, within the same bounds. If none is to be asked, the
        client gets that answer, and the request stays where it is until that is done.
        """
        entry = self.ledger.get(request_id)
        if entry is None or entry.target is None or entry.judged:
            return ()
        target, pool = entry.target, self.placement.pool_of(entry)
        self.placement.blame(now, entry)
        action = None if entry.bound is not None else self._elsewhere(now, entry, target.id)
        if action is None:
            return [PassOn(request_id), *self._place(now)]
        pool.over(target, request_id)
        return [action, *self._place(now)]

    def request_declined(self, now: float, request_id: str) -> Sequence[Action]:
        """A peer answered that it had placed the request nowhere (429, 503).

        It takes its place in the queue again, never goes to that peer again, and counts as no failure. If it
        may not wait, the client gets that answer.
        """
        entry = self.ledger.get(request_id)
        if entry is None or entry.target is None or entry.judged:
            return ()
        self.placement.pool_of(entry).unjudged(entry.target, request_id)
        entry.avoid = (*entry.avoid, entry.target.id)
        if entry.bound is not None:
            return self._stored_declined(now, entry, entry.bound)
        if not self._waiting.may_wait(now, entry):
            entry.judged = True
            return [PassOn(request_id), *self._place(now)]
        self.placement.take_back(entry)
        self._waiting.put_back(entry)
        return self._place(now)

    def response_stored(self, now: float, request_id: str, response: str) -> None:
        """The target of a request, as the answer begins, is seen to hold this stored response."""
        entry = self.ledger.get(request_id)
        if entry is not None:
            self.stored.answered(now, entry, response)

    def client_gone(self, now: float, request_id: str) -> Sequence[Action]:
        """The client left. Frees the request's place, wherever it is (the shell cuts the upstream itself)."""
        entry = self.queue.remove(request_id)
        if entry is not None:
            self.placement.release(entry)
            return ()
        entry = self.ledger.get(request_id)
        if entry is not None and entry.target is not None:
            self.placement.pool_of(entry).unjudged(entry.target, request_id)
            self.placement.end(entry)
        return self._place(now)

    # Events about targets

    def targets_changed(
        self,
        now: float,
        *,
        replicas: Iterable[str],
        peers: Iterable[str],
        replica_regions: Mapping[str, str] = _NOT_SAID,
        peer_regions: Mapping[str, str] = _NOT_SAID,
    ) -> Sequence[Action]:
        """The replicas of this balancer and its peers (itself left out) are now these, in these regions.

        One whose region is not said gets no request that is bound to regions.
        """
        self.replicas.set_targets(now, replicas, replica_regions)
        self.peers.set_targets(now, peers, peer_regions)
        self._thief.peers_are(self.peers.targets)
        return self._regrouped(now)

    def switches_changed(self, now: float, switches: Switches) -> Sequence[Action]:
        """The operator wants requests placed by these from now on. What was sent stays where it is.

        Where balancers are (`topology`) and the rules of ejection do not change while a balancer lives.
        """
        self.switches = switches
        self.placement.use(switches)
        self.stored.use(now, switches)
        self._waiting.use(switches)
        self._thief = Thief(switches.across)
        self._pushes = switches.across is Across.PUSH
        return self._place(now)

    def models_reported(self, now: float, replica: str, models: frozenset[str] | None) -> Sequence[Action]:
        """A replica serves these models; None: not known, or any name."""
        return self._regrouped(now) if self.replicas.serves(replica, models) else ()

    def replica_probed(
        self, now: float, replica: str, report: ReplicaReport, rtt_s: float = 0.0
    ) -> Sequence[Action]:
        """A replica reported; `rtt_s` is the time the report took, asked and answered."""
        self.replicas.probed(now, replica, report, rtt_s)
        return self._place(now)

    def replica_failed(self, now: float, replica: str) -> Sequence[Action]:
        """A replica's probe failed: not available until it reports again."""
        self.replicas.down(replica)
        return self._place(now)  # where requests go to a peer when no replica can be reached

    def replica_draining(self, now: float, replica: str, draining: bool) -> Sequence[Action]:
        """An operator's word: nothing new goes to this replica, or again. What is there ends there."""
        self.replicas.drain(replica, draining=draining)
        return self._place(now)

    def peer_reported(self, now: float, peer: str, report: PeerReport, rtt_s: float) -> Sequence[Action]:
        """A peer reported, `rtt_s` being the round trip of that report."""
        if self.peers.reported(now, peer, report, rtt_s):
            return self._regrouped(now)
        return self._place(now)

    def peer_failed(self, now: float, peer: str) -> Sequence[Action]:
        """A peer did not report: not available until it does."""
        self.peers.down(peer)
        return ()

    def steal_asked(self, now: float, thief: str, count: int) -> Sequence[Action]:
        """A peer asks for up to `count` queued requests; the actions hand them over."""
        peer = self.peers.targets.get(thief)
        if peer is None:
            return ()
        return self._waiting.give(now, peer, count)

    def steal_answered(self, now: float, peer: str, granted: int) -> Sequence[Action]:
        """The peer we asked gave `granted` requests (or 0: asking failed), which arrive by themselves."""
        self._thief.answered(peer)
        return self._place(now)

    def time_passed(self, now: float) -> Sequence[Action]:
        """Call once each probe interval: refuses what has waited too long, and lets the ejected try again."""
        self.replicas.time_passed(now)
        return [*self._waiting.expire(now), *self._place(now)]

    def drain(self, now: float) -> Sequence[Action]:
        """Take no new requests from now on, and tell peers so. What is here is still placed and finished."""
        self.draining = True
        return self._place(now)

    # What others may know

    def report(self) -> PeerReport:
        """What this balancer tells its peers."""
        available = 0 if self.draining else self.replicas.available()
        return PeerReport(
            queue=len(self.queue),
            queue_from_users=self.queue.crossing,
            outstanding=self.replicas.outstanding,
            replicas=len(self.replicas.targets),
            available_replicas=available.bit_count(),
            models=self.replicas.serving.models,
            draining=self.draining,
        )

    def decisions(self, last: int) -> list[Explained]:
        """Return the last decisions that were explained, at most `last`, the newest first."""
        return self.placement.explanations.last(last)

    # What events have in common

    def _place(self, now: float) -> list[Action]:
        """Send off what can be sent, oldest first, then look for more work elsewhere."""
        actions = self._waiting.go_over(now) if self.queue.waiting else []
        if self._thief.steals:
            actions.extend(self._more_work(now))
        return actions

    def _more_work(self, now: float) -> Sequence[Action]:
        """In a stealing system, when nobody waits here."""
        return () if self.queue.waiting or self.draining else self._thief.ask(now, self)

    def _pushed(self, now: float, entry: Entry) -> Sequence[Action]:
        """In a push system, the policy of the peers decides first."""
        if refused := self._waiting.refusal(now, entry):
            return [refused]
        action = self.placement.push(now, entry)
        if action is not None:
            self._refusals.placed(now)
            return [action]
        self._waiting.take_in(entry)
        return self._place(now)

    def _wait(self, now: float, entry: Entry) -> Sequence[Action]:
        """No replica has room for it now: a peer may, or it waits."""
        if refused := self._waiting.refusal(now, entry):
            return [refused]
        self._waiting.take_in(entry)
        return self._place(now)

    def _not_sent(self, now: float, entry: Entry, target: Target) -> Sequence[Action]:
        """It waits, until the next event: to place it again at once would fail again at once."""
        self.placement.pool_of(entry).unjudged(target, entry.request.id)
        self.placement.take_back(entry)
        if self._waiting.may_wait(now, entry):
            self._waiting.put_back(entry)
            return []
        self.placement.release(entry)
        return [self._refusals.not_sent(now, entry, len(self.queue))]

    def _regrouped(self, now: float) -> Sequence[Action]:
        """What targets serve has changed, and with it the lanes of the queue."""
        self.queue.regroup(self.placement.lane)
        return self._place(now)

    def _elsewhere(self, now: float, entry: Entry, failed: str) -> Action | None:
        """Try another target at once with a request that `failed` could not answer, if that is allowed."""
        entry.losses += 1
        entry.avoid = (*entry.avoid, failed)
        bound = entry.bound
        if bound is not None and bound.holder is not None:
            return None  # nobody else holds what it names
        if entry.losses >= MAX_LOSSES or entry.is_late(now) or not self.retries.spend(now):
            return None
        if bound is not None:
            return self.stored.place(now, entry, len(self.queue))
        action = self.placement.place(now, entry, len(self.queue))
        if action is not None:
            self._refusals.placed(now)
        return action

    def _stored_declined(self, now: float, entry: Entry, bound: Bound) -> Sequence[Action]:
        """A peer does not know the stored response either, or has no room: the next, if it is only sought."""
        if bound.holder is not None:
            entry.judged = True
            return [PassOn(entry.request.id), *self._place(now)]
        self.placement.take_back(entry)
        late = entry.is_late(now)
        waiting = len(self.queue)
        action = self._refusals.too_late(now, entry) if late else self.stored.place(now, entry, waiting)
        if action is None and (action := self._waiting.refusal(now, entry)) is None:
            self._waiting.put_back(entry)
            return self._place(now)
        return [action, *self._place(now)]
