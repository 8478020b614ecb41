"""The replicas of a balancer, and which of them may be used.

Four masks say so: `roomy` (the rule of admission), `reachable` (health: neither down nor draining), `sound`
(reachable, and the breaker is closed) and `takers` (sound, or half-open with the trial's place free). Each
changes when a replica changes, by that replica's bit.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from random import Random
from typing import Final

from nightshift.balancing.admission import replica_rule
from nightshift.balancing.health import Health, State
from nightshift.balancing.messages import ReplicaReport
from nightshift.balancing.outliers import Outliers
from nightshift.balancing.pool import Pool
from nightshift.balancing.switches import Switches, ToReplicas
from nightshift.balancing.targets import Replica, Target

_UP: Final = State.UP  # to read a member through its class costs ten times as much in Python 3.11


class ReplicaPool(Pool[Replica]):
    """See the head of the file."""

    def __init__(self, switches: Switches, rng: Random) -> None:
        super().__init__(switches.replica_policy, switches, rng, blind=_is_blind(switches))
        self._has_room = replica_rule(switches)
        self._ejection = switches.ejection
        self._outliers = Outliers(switches.ejection, rng)
        self._stale_s = switches.stale_s
        self._reporting: OrderedDict[str, Replica] = OrderedDict()
        """Replicas whose report is not stale, the oldest report first."""
        self.roomy = self.reachable = self.sound = self.takers = 0

    def use(self, switches: Switches) -> None:
        """Go by these from now on, but for the rules of ejection: health goes on as it began."""
        self._choose_by(switches.replica_policy, switches, blind=_is_blind(switches))
        self._has_room = replica_rule(switches)
        self._stale_s = switches.stale_s
        for replica in self.targets.values():
            self._refresh_room(replica)

    def _make(self, id_: str, slot: int) -> Replica:
        return Replica(id_, slot, 1 << slot, health=Health(self._ejection))

    def set_targets(self, now: float, ids: Iterable[str], regions: Mapping[str, str]) -> None:
        """See `Pool.set_targets`."""
        super().set_targets(now, ids, regions)
        self._refresh(*self._outliers.keep(now, self.targets.values()))

    def _enter(self, target: Replica) -> None:
        super()._enter(target)
        self._refresh(target)

    def _leave(self, target: Replica) -> None:
        super()._leave(target)
        self._reporting.pop(target.id, None)
        rest = ~target.bit
        self.roomy, self.reachable = self.roomy & rest, self.reachable & rest
        self.sound, self.takers = self.sound & rest, self.takers & rest

    # Who may be used

    def available(self, model: str = "") -> int:
        """Return the replicas that may be sent a request for `model` now."""
        return self.roomy & self.usable(model)

    def usable(self, model: str = "") -> int:
        """Return the replicas that could be sent a request for `model`, had they room.

        When no sound one is left that serves it, ejection is ignored: the sick may be better than nobody.
        """
        if not model:
            return self.takers if self.sound else self.reachable
        serving = self.serving.of(model)
        return (self.takers if self.sound & serving else self.reachable) & serving

    def usable_among(self, mask: int) -> int:
        """Return those of `mask` that could be sent a request that only these may serve, had they room."""
        return (self.takers if self.sound & mask else self.reachable) & mask

    def _refresh_room(self, replica: Replica) -> None:
        if self._has_room(replica):
            self.roomy |= replica.bit
        else:
            self.roomy &= ~replica.bit

    def _refresh(self, *replicas: Replica) -> None:
        """Take in that the health of these has changed."""
        for replica in replicas:
            self._refresh_room(replica)
            bit, health = replica.bit, replica.health
            reachable = bit if health.reachable else 0
            sound = reachable if health.breaker is _UP else 0
            trial = reachable if health.breaker is State.HALF_OPEN and health.trial is None else 0
            self.reachable = self.reachable & ~bit | reachable
            self.sound = self.sound & ~bit | sound
            self.takers = self.takers & ~bit | sound | trial

    # Requests there

    def _has_more(self, target: Replica, request_id: str) -> None:
        """See `Pool._has_more`: the first request to a half-open replica is its trial."""
        if target.health.breaker is _UP:
            self._refresh_room(target)
            return
        target.health.sent(request_id)
        self._refresh(target)

    def _has_less(self, target: Replica, request_id: str, well: bool) -> None:
        """See `Pool._has_less`."""
        if well and target.health.succeeded(request_id):
            self._refresh(target)
        else:
            self._refresh_room(target)

    def failed(self, now: float, target: Target, request_id: str) -> None:
        """See `Pool.failed`."""
        replica = self.here(target)
        if replica is not None and replica.health.failed(now, request_id):
            self._refresh(replica, *self._outliers.eject(now, replica, len(self.targets)))

    def unjudged(self, target: Target, request_id: str) -> None:
        """See `Pool.unjudged`."""
        replica = self.here(target)
        if replica is not None and replica.health.unjudged(request_id):
            self._refresh(replica)

    def unreachable(self, target: Target) -> None:
        """See `Pool.unreachable`."""
        if self.here(target):
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
        signal = State.NO_SIGNAL if report.pending is None else _UP
        if signal is replica.health.signal:
            self._refresh_room(replica)
            return
        replica.health.signal = signal
        self._refresh(replica)

    def down(self, id_: str) -> None:
        """A replica does not answer: take it out of use until it reports again."""
        if replica := self.targets.get(id_):
            replica.health.signal = State.DOWN
            self._reporting.pop(id_, None)
            self._refresh(replica)

    def drain(self, id_: str, *, draining: bool) -> None:
        """An operator's word: nothing new goes there, or again."""
        if replica := self.targets.get(id_):
            replica.health.draining = draining
            self._refresh(replica)

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
            self._refresh(replica)
        self._refresh(*self._outliers.back(now))


def _is_blind(switches: Switches) -> bool:
    return switches.to_replicas is ToReplicas.BLIND
