"""Which replicas are ejected, so that never more than a share of them is, and all come back.

At the limit the replica that failed longest ago makes room: it is let out early, on trial. So when everything
fails, requests still find somebody, and the newest evidence counts. (Envoy refuses further ejections there;
then the sick stay in use because others were sick earlier.)

What is ejected or half-open is used all the same for requests that no sound replica is left for: see
`ReplicaPool.available` (Envoy's panic mode, here for each model by itself).
"""

from collections.abc import Iterable
from random import Random

from nightshift.balancing.switches import Ejection
from nightshift.balancing.targets import Replica


class Outliers:
    """The ejected replicas of one balancer. Every method returns those whose state it has changed."""

    def __init__(self, rules: Ejection, rng: Random) -> None:
        self._rules = rules
        self._rng = rng
        self._ejected: dict[str, Replica] = {}
        self._next = float("inf")
        """When the first of them comes back: nothing is looked at before."""

    def __len__(self) -> int:
        return len(self._ejected)

    def eject(self, now: float, replica: Replica, replicas: int) -> list[Replica]:
        """Eject one of `replicas`, unless that is too many."""
        most = int(self._rules.most_share * replicas)
        if most < 1:
            return []
        changed = self._shrink(now, most - 1)
        replica.health.eject(now, self._rng)
        self._ejected[replica.id] = replica
        self._note()
        return [*changed, replica]

    def back(self, now: float) -> list[Replica]:
        """Let out those whose time is over. Costs O(1) while there is none."""
        if now < self._next:
            return []
        over = [replica for replica in self._ejected.values() if replica.health.until <= now]
        return [self._let_out(now, replica) for replica in over]

    def keep(self, now: float, replicas: Iterable[Replica]) -> list[Replica]:
        """The replicas are now these: forget the others, and keep to the share."""
        there = {replica.id: replica for replica in replicas}
        self._ejected = {id_: out for id_, out in self._ejected.items() if there.get(id_) is out}
        changed = self._shrink(now, int(self._rules.most_share * len(there)))
        self._note()
        return changed

    def _shrink(self, now: float, most: int) -> list[Replica]:
        by_age = sorted(self._ejected.values(), key=lambda replica: replica.health.failed_at)
        return [self._let_out(now, replica) for replica in by_age[: max(0, len(by_age) - most)]]

    def _let_out(self, now: float, replica: Replica) -> Replica:
        del self._ejected[replica.id]
        replica.health.half_open(now)
        self._note()
        return replica

    def _note(self) -> None:
        self._next = min((out.health.until for out in self._ejected.values()), default=float("inf"))
