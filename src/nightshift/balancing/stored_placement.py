"""Where a request goes that names a stored response: to who holds it, and to nobody else.

1. It is known here (`stored.py`): to that replica, or that peer, whatever the policies and the models say. If
   it is gone, the response is gone with it: 404. If it is not ready, it may come back with its memory: 503.
   What has the engine generate waits until the replica has room. What only reads, cancels or deletes goes at
   once, also to a full or draining replica: it is no load, and it is how work in the background is fetched.
2. It is not known here, and the request is a client's: the peers are asked, the nearest first, by handing the
   request over; who does not know the response either declines (404), as it would decline for want of room.
3. Nobody knows it. Without keys it is placed as any other request, once, and the engine answers: after a
   restart of the balancer a lone replica still has what it stored. With keys nobody could tell whose it is:
   404, or 503 while a peer that may know it cannot be asked.

Another client's response is as unknown as one that never was. Why: docs/decisions/0022-stored-responses.md.
"""

from typing import Final

from nightshift.balancing.health import State
from nightshift.balancing.messages import Action, Decision, Forward, StoredResponse
from nightshift.balancing.placement import Placement
from nightshift.balancing.policies import Choice
from nightshift.balancing.queue import Bound, Entry
from nightshift.balancing.refusals import Refusals
from nightshift.balancing.stored import StoredResponses
from nightshift.balancing.switches import Switches
from nightshift.balancing.targets import Peer, Replica, Target

HELD: Final = "stored"
SOUGHT: Final = "stored_sought"


class StoredPlacement:
    """See the head of the file."""

    def __init__(self, placement: Placement, refusals: Refusals, switches: Switches) -> None:
        self._placement = placement
        self._refusals = refusals
        self._overcommits = switches.overcommit
        self.responses = StoredResponses(switches.stored_responses, switches.stored_response_s)

    def use(self, now: float, switches: Switches) -> None:
        """Go by these from now on."""
        self._overcommits = switches.overcommit
        self.responses.use(now, switches.stored_responses, switches.stored_response_s)

    def answered(self, now: float, entry: Entry, response: str) -> None:
        """The target of a request has answered it as who holds this response."""
        if entry.target is not None:
            owner = entry.request.tenant
            self.responses.note(now, response, entry.target, at_peer=entry.at_peer, owner=owner)

    def arrived(self, now: float, entry: Entry, wanted: StoredResponse, waiting: int) -> Action | None:
        """Place a request that has just arrived and names a stored response; None: it has to wait."""
        request = entry.request
        holding = self.responses.find(now, wanted.id, request.tenant)
        if holding is not None and (request.from_peer is None or not holding.at_peer):
            entry.bound = Bound(holding.target, at_peer=holding.at_peer)
        elif request.from_peer is not None:
            return self._refusals.response_unknown(now, entry)
        else:
            entry.bound = Bound(None, at_peer=True)
        return self.place(now, entry, waiting)

    def place(self, now: float, entry: Entry, waiting: int) -> Action | None:
        """Send the request to who holds its response, or refuse it; None: not now. `waiting` are queued."""
        bound = entry.bound
        if bound is None or bound.holder is None:
            return self._seek(now, entry, waiting)
        if bound.at_peer:
            return self._to_peer(now, entry, bound.holder, waiting)
        return self._to_replica(now, entry, bound.holder, waiting)

    def _to_replica(self, now: float, entry: Entry, holder: Target, waiting: int) -> Action | None:
        replicas, wanted = self._placement.replicas, entry.request.stored
        replica = replicas.here(holder)
        generates = wanted is not None and wanted.generates
        if replica is None or (generates and replica.health.draining):
            return self._refusals.response_gone(now, entry)
        if not replica.bit & replicas.regions.of(entry.request.regions):
            return self._refusals.residency(now, entry)
        if not self._answers(replica):
            return self._refusals.holder_not_ready(now, entry, waiting)
        if generates and not (self._overcommits or replica.bit & replicas.roomy):
            return None
        return self._forward(now, entry, replica)

    def _answers(self, replica: Replica) -> bool:
        """Tell whether it can be reached. Ejection spares who alone can answer, as in `usable_among`."""
        if replica.health.draining:
            return replica.health.signal is not State.DOWN
        return bool(self._placement.replicas.usable_among(replica.bit))

    def _to_peer(self, now: float, entry: Entry, holder: Target, waiting: int) -> Action:
        peers = self._placement.peers
        peer = peers.here(holder)
        if peer is None:
            return self._refusals.response_gone(now, entry)
        if not peer.bit & peers.regions.of(entry.request.regions):
            return self._refusals.residency(now, entry)
        if not peer.reachable:
            return self._refusals.holder_not_ready(now, entry, waiting)
        return self._hand_over(now, entry, peer, HELD)

    def _seek(self, now: float, entry: Entry, waiting: int) -> Action | None:
        placement, request = self._placement, entry.request
        peers, within, all_asked = placement.peers, 0, True
        if entry.may_cross:
            within = peers.regions.of(request.regions)
            for peer in peers.nearest_first():
                goes = peer.report is None or peer.report.draining
                if peer.bit & within and peer.id not in entry.avoid and not goes:
                    return self._hand_over(now, entry, peer, SOUGHT)
            all_asked = all(peer.reachable for peer in peers.within(peers.everyone & within))
        entry.bound, entry.may_cross = None, False
        if request.tenant is None and placement.has_targets(entry):
            return placement.place(now, entry, 0)
        if all_asked:
            return self._refusals.response_unknown(now, entry)
        return self._refusals.holder_not_ready(now, entry, waiting)

    def _hand_over(self, now: float, entry: Entry, peer: Peer, reason: str) -> Action:
        choice = Choice(peer.slot, 0.0, reason)
        return self._placement.hand_over(now, entry, peer, choice, peer.bit)

    def _forward(self, now: float, entry: Entry, replica: Replica) -> Forward:
        placement = self._placement
        decision = Decision(HELD, now - entry.arrived)
        if now >= placement.explanations.next_at:
            placement.explanations.forwarded(now, entry, replica, decision, replica.bit)
        placement.replicas.sent(now, entry.request, replica)
        entry.at_peer = False
        placement.ledger.put(entry, replica)
        return Forward(entry.request.id, replica.id, decision)
