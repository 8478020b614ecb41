"""The other balancers, and what this one thinks of itself beside them.

Whether a peer has room depends on the queue here, so the peers with room are looked for when they are
needed: when a request finds no replica. They are few.
"""

from random import Random

from nightshift.balancing.admission import peer_has_room
from nightshift.balancing.messages import PeerReport, Request
from nightshift.balancing.pool import Pool
from nightshift.balancing.switches import Across, Switches
from nightshift.balancing.targets import Peer, Target


class PeerPool(Pool[Peer]):
    """See the head of the file. This balancer itself has slot 0, and is not one of the targets."""

    def __init__(self, name: str, switches: Switches, rng: Random) -> None:
        super().__init__(switches.peer_policy, switches, rng, blind=switches.across is Across.PUSH)
        self._switches = switches
        self.self = Peer(name)
        """This balancer among its peers; `outstanding` counts the requests that a push system kept here."""
        self._enter(self.self)

    def use(self, switches: Switches) -> None:
        """Go by these from now on."""
        self._switches = switches
        self._choose_by(switches.peer_policy, switches, blind=switches.across is Across.PUSH)

    def _make(self, id_: str, slot: int) -> Peer:
        return Peer(id_, slot, 1 << slot)

    # Who may be used

    def with_room(self, own_queue: int, model: str = "") -> int:
        """Return the peers that a request for `model` may be handed to while `own_queue` others wait here."""
        rule, sends = self._switches.peer_rule, self._switches.sends_per_probe
        mask = 0
        for peer in self.targets.values():
            if peer_has_room(peer, rule, own_queue=own_queue, sends_per_probe=sends):
                mask |= peer.bit
        return mask & self.serving.of(model)

    def that_serve(self, model: str = "") -> int:
        """Return the reachable peers that have replicas and take requests, as far as is known."""
        mask = 0
        for peer in self.targets.values():
            report = peer.report
            if peer.reachable and (report is None or (report.replicas > 0 and not report.draining)):
                mask |= peer.bit
        return mask & self.serving.of(model)

    def nearest_first(self) -> list[Peer]:
        """Return the reachable peers that have reported, by round trip."""
        spoken = [peer for peer in self.targets.values() if peer.reachable and peer.report is not None]
        return sorted(spoken, key=lambda peer: (peer.rtt_s, peer.id))

    # Requests that a push system keeps here

    def keep(self, request: Request) -> None:
        """A push system chose this balancer itself: the request stays, and counts as load of this one."""
        own = self.self
        own.outstanding += 1
        self.loads.move(own.bit, own.outstanding - 1, own.outstanding)
        self.policy.placed(request, own.slot)

    def release(self) -> None:
        """One of those requests is load of this balancer no longer."""
        own = self.self
        own.outstanding -= 1
        self.loads.move(own.bit, own.outstanding + 1, own.outstanding)

    # What is heard of them

    def reported(self, now: float, id_: str, report: PeerReport, rtt_s: float) -> bool:
        """A peer has reported. Return whether it serves other models than before."""
        peer = self.targets.get(id_)
        if peer is None:
            return False
        before = None if peer.report is None else peer.report.models
        peer.reported(now, report, rtt_s)
        if report.models == before:
            return False
        self.serving.set(peer.bit, report.models)
        return True

    def down(self, id_: str) -> None:
        """A peer does not answer: take it out of use until it reports again."""
        if peer := self.targets.get(id_):
            peer.reachable = False

    def unreachable(self, target: Target) -> None:
        """See `Pool.unreachable`."""
        if self.here(target):
            self.down(target.id)
