"""The two sets of places a balancer chooses from: its replicas and its peers.

A pool joins the targets with the policy that chooses among them, and knows which of them may be used. It
counts what was sent, and what became of it; it does not know queues.

Sets of targets are masks of slots. The masks change when a target changes (a request sent or over, a report,
health), which costs O(1) however many targets there are; nothing on the path of a request goes over them all.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from random import Random
from typing import Generic, TypeVar

from nightshift.balancing.admission import peer_has_room, replica_rule
from nightshift.balancing.health import Health, State
from nightshift.balancing.messages import PeerReport, ReplicaReport, Request
from nightshift.balancing.outliers import Outliers
from nightshift.balancing.policies import Choice, make_policy
from nightshift.balancing.serving import Serving
from nightshift.balancing.switches import Across, Imbalance, Switches, ToReplicas
from nightshift.balancing.targets import Peer, Replica, Target

AnyTarget = TypeVar("AnyTarget", bound=Target)


class Pool(Generic[AnyTarget]):
    """Targets of one kind and the policy that chooses among them."""

    def __init__(self, policy: str, switches: Switches, rng: Random, *, blind: bool) -> None:
        """`blind` turns on the policy's imbalance check, for pools that do not ask about room."""
        imbalance: Imbalance | None = switches.imbalance if blind else None
        self.policy = make_policy(policy, switches, imbalance=imbalance, rng=rng)
        self.targets: dict[str, AnyTarget] = {}
        self.serving = Serving()
        self.everyone = 0
        """The mask of all targets."""
        self._slots: dict[int, Target] = {}
        self._free: list[int] = []

    # Who is there

    def _make(self, id_: str, slot: int) -> AnyTarget:
        raise NotImplementedError

    def set_targets(self, now: float, ids: Iterable[str]) -> None:
        """The targets are now these; those that stay keep what is known of them."""
        wanted = dict.fromkeys(ids)
        for id_ in [id_ for id_ in self.targets if id_ not in wanted]:
            self._leave(self.targets.pop(id_))
        old, self.targets = self.targets, {}
        for id_ in wanted:
            self.targets[id_] = old.get(id_) or self._arrive(id_)
        self.policy.targets_changed(target.id for target in self._slots.values())

    def _arrive(self, id_: str) -> AnyTarget:
        slot = heappop(self._free) if self._free else len(self._slots)
        target = self._make(id_, slot)
        self._slots[slot] = target
        self.everyone |= target.bit
        self.serving.set(target.bit, None)
        return target

    def _leave(self, target: AnyTarget) -> None:
        del self._slots[target.slot]
        heappush(self._free, target.slot)
        self.everyone &= ~target.bit
        self.serving.drop(target.bit)

    def there(self, target: Target) -> bool:
        """Tell whether `target` is one of the pool's now; its slot may be another's by now."""
        return self._slots.get(target.slot) is target

    def mask_of(self, ids: Iterable[str]) -> int:
        """Return the mask of those of `ids` that are there."""
        return sum(self.targets[id_].bit for id_ in set(ids) if id_ in self.targets)

    def within(self, mask: int) -> Iterator[Target]:
        """Walk the targets of a mask."""
        while mask:
            bit = mask & -mask
            yield self._slots[bit.bit_length() - 1]
            mask ^= bit

    # Requests there

    def pick(self, request: Request, mask: int) -> tuple[Target, Choice]:
        """Have the policy choose among the targets of `mask`, at least one."""
        among = {target.id: target for target in self.within(mask)}
        choice = self.policy.pick(request, list(among.values()))
        return among[choice.target], choice

    def sent(self, now: float, request: Request, target: Target) -> None:
        """Count `request` as sent to `target`."""
        target.sent(now, request.id)
        self.policy.placed(request, target.id)

    def over(self, target: Target, request_id: str) -> None:
        """A request is not there any more."""
        target.over(request_id)

    def succeeded(self, target: Target, request_id: str) -> None:
        """The target answered a request to its end."""

    def failed(self, now: float, target: Target, request_id: str) -> None:
        """The target failed with a request."""

    def unjudged(self, target: Target, request_id: str) -> None:
        """A request ended without saying anything of its target."""

    def unreachable(self, now: float, target: Target) -> None:
        """Nothing is sent there until it has reported again."""


class ReplicaPool(Pool[Replica]):
    """The replicas of this balancer.

    Four masks say who may be used: `roomy` (the rule of admission), `reachable` (health: neither down nor
    draining), `sound` (reachable, and its breaker is closed) and `takers` (sound, or half-open with its
    trial's place free).
    """

    def __init__(self, switches: Switches, rng: Random) -> None:
        blind = switches.to_replicas is ToReplicas.BLIND
        super().__init__(switches.replica_policy, switches, rng, blind=blind)
        self._has_room = replica_rule(switches)
        self._ejection = switches.ejection
        self._outliers = Outliers(switches.ejection, rng)
        self._stale_s = switches.stale_s
        self._reporting: OrderedDict[str, Replica] = OrderedDict()
        """Replicas whose report is not stale, the oldest report first."""
        self.roomy = self.reachable = self.sound = self.takers = 0
        self.outstanding = 0
        """Requests at all replicas that are there."""

    def _make(self, id_: str, slot: int) -> Replica:
        return Replica(id_, slot, 1 << slot, health=Health(self._ejection))

    def set_targets(self, now: float, ids: Iterable[str]) -> None:
        """See `Pool.set_targets`."""
        super().set_targets(now, ids)
        self._refresh(self._outliers.keep(now, self.targets.values()))

    def _arrive(self, id_: str) -> Replica:
        replica = super()._arrive(id_)
        self._refresh([replica])
        return replica

    def _leave(self, target: Replica) -> None:
        super()._leave(target)
        self.outstanding -= target.outstanding
        self._reporting.pop(target.id, None)
        for name in ("roomy", "reachable", "sound", "takers"):
            setattr(self, name, getattr(self, name) & ~target.bit)

    # Who may be used

    def available(self, model: str = "") -> int:
        """Return the replicas that may be sent a request for `model` now.

        When no sound one is left that serves it, ejection is ignored: the sick may be better than nobody.
        """
        serving = self.serving.of(model)
        if self.sound & serving:
            return self.roomy & self.takers & serving
        return self.roomy & self.reachable & serving

    def usable(self, model: str = "") -> int:
        """Return the replicas that could be sent a request for `model`, had they room."""
        serving = self.serving.of(model)
        return (self.takers if self.sound & serving else self.reachable) & serving

    def _refresh_room(self, replica: Replica) -> None:
        if self._has_room(replica):
            self.roomy |= replica.bit
        else:
            self.roomy &= ~replica.bit

    def _refresh(self, replicas: Iterable[Replica]) -> None:
        """Take in that the health of these has changed."""
        for replica in replicas:
            self._refresh_room(replica)
            bit, health = replica.bit, replica.health
            reachable = bit if health.reachable else 0
            sound = reachable if health.breaker is State.UP else 0
            trial = reachable if health.breaker is State.HALF_OPEN and health.trial is None else 0
            self.reachable = self.reachable & ~bit | reachable
            self.sound = self.sound & ~bit | sound
            self.takers = self.takers & ~bit | sound | trial

    # Requests there

    def sent(self, now: float, request: Request, target: Target) -> None:
        """See `Pool.sent`."""
        super().sent(now, request, target)
        self.outstanding += 1
        replica = self.targets[target.id]
        if replica.health.breaker is State.UP:
            self._refresh_room(replica)
            return
        replica.health.sent(request.id)
        self._refresh([replica])

    def over(self, target: Target, request_id: str) -> None:
        """See `Pool.over`."""
        super().over(target, request_id)
        if self.there(target):
            self.outstanding -= 1
            self._refresh_room(self.targets[target.id])

    def succeeded(self, target: Target, request_id: str) -> None:
        """See `Pool.succeeded`."""
        if self.there(target):
            replica = self.targets[target.id]
            if replica.health.succeeded(request_id):
                self._refresh([replica])

    def failed(self, now: float, target: Target, request_id: str) -> None:
        """See `Pool.failed`."""
        if self.there(target):
            replica = self.targets[target.id]
            if replica.health.failed(now, request_id):
                self._refresh(self._outliers.eject(now, replica, len(self.targets)))
            self._refresh([replica])

    def unjudged(self, target: Target, request_id: str) -> None:
        """See `Pool.unjudged`."""
        if self.there(target):
            replica = self.targets[target.id]
            if replica.health.unjudged(request_id):
                self._refresh([replica])

    def unreachable(self, now: float, target: Target) -> None:
        """See `Pool.unreachable`."""
        if self.there(target):
            self.down(target.id)

    # What is heard of them

    def probed(self, now: float, id_: str, report: ReplicaReport, rtt_s: float) -> None:
        """A replica has reported."""
        replica = self.targets.get(id_)
        if replica is None:
            return
        replica.report = report
        replica.reported_at = now
        replica.seen(now, rtt_s)
        self._reporting[id_] = replica
        self._reporting.move_to_end(id_)
        signal = State.NO_SIGNAL if report.pending is None else State.UP
        if signal is replica.health.signal:
            self._refresh_room(replica)
            return
        replica.health.signal = signal
        self._refresh([replica])

    def down(self, id_: str) -> None:
        """A replica does not answer: take it out of use until it reports again."""
        if replica := self.targets.get(id_):
            replica.health.signal = State.DOWN
            self._reporting.pop(id_, None)
            self._refresh([replica])

    def drain(self, id_: str, *, draining: bool) -> None:
        """An operator's word: nothing new goes there, or again."""
        if replica := self.targets.get(id_):
            replica.health.draining = draining
            self._refresh([replica])

    def serves(self, id_: str, models: frozenset[str] | None) -> bool:
        """Note what a replica serves. Return whether that is news."""
        replica = self.targets.get(id_)
        if replica is None or replica.models == models:
            return False
        replica.models = models
        self.serving.set(replica.bit, models)
        return True

    def time_passed(self, now: float) -> None:
        """Notice reports that have become stale, and ejections that are over. O(1) while there is neither."""
        while self._reporting:
            replica = next(iter(self._reporting.values()))
            if replica.reported_at is None or now - replica.reported_at <= self._stale_s:
                break
            del self._reporting[replica.id]
            replica.health.signal = State.STALE
            self._refresh([replica])
        self._refresh(self._outliers.back(now))


class PeerPool(Pool[Peer]):
    """The other balancers, and what this one thinks of itself beside them."""

    def __init__(self, name: str, switches: Switches, rng: Random) -> None:
        super().__init__(switches.peer_policy, switches, rng, blind=switches.across is Across.PUSH)
        self._switches = switches
        self.self = Target(name)
        """This balancer among its peers; `outstanding` counts the requests that a push system kept here."""
        self._slots[self.self.slot] = self.self

    def _make(self, id_: str, slot: int) -> Peer:
        return Peer(id_, slot, 1 << slot)

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

    def unreachable(self, now: float, target: Target) -> None:
        """See `Pool.unreachable`."""
        if self.there(target):
            self.down(target.id)
