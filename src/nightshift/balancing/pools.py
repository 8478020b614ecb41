"""The two sets of places a balancer chooses from: its replicas and its peers.

A pool joins the targets with the policy that chooses among them and the rule that says which are
available. It counts what was sent; it does not know queues.
"""

from collections.abc import Iterable
from random import Random
from typing import Generic, TypeVar

from nightshift.balancing.admission import peer_has_room, replica_rule
from nightshift.balancing.messages import Request
from nightshift.balancing.policies import Choice, make_policy
from nightshift.balancing.switches import Across, Imbalance, Switches, ToReplicas
from nightshift.balancing.targets import Peer, Replica, Target

AnyTarget = TypeVar("AnyTarget", bound=Target)


class Pool(Generic[AnyTarget]):
    """Targets of one kind and the policy that chooses among them."""

    def __init__(
        self, make: type[AnyTarget], policy: str, switches: Switches, rng: Random, *, blind: bool
    ) -> None:
        """`blind` turns on the policy's imbalance check, for pools that do not ask about room."""
        self._make = make
        imbalance: Imbalance | None = switches.imbalance if blind else None
        self.policy = make_policy(policy, switches, imbalance=imbalance, rng=rng)
        self.targets: dict[str, AnyTarget] = {}

    def set_targets(self, ids: Iterable[str]) -> None:
        """The targets are now these; those that stay keep what is known of them."""
        self.targets = {id_: self.targets.get(id_) or self._make(id_) for id_ in ids}
        self.policy.targets_changed(self._known_to_policy())

    def _known_to_policy(self) -> list[str]:
        return list(self.targets)

    def reachable(self) -> list[AnyTarget]:
        """Return the targets whose last probe was answered."""
        return [target for target in self.targets.values() if target.reachable]

    def failed(self, id_: str) -> None:
        """Take a target out of use until it reports again."""
        if target := self.targets.get(id_):
            target.reachable = False

    def send(self, now: float, request: Request, choice: Choice) -> AnyTarget:
        """Count `request` as sent to the chosen target, and return that."""
        target = self.targets[choice.target]
        target.sent(now, request.id)
        self.policy.placed(request, target.id)
        return target


class ReplicaPool(Pool[Replica]):
    """The replicas of this balancer."""

    def __init__(self, switches: Switches, rng: Random) -> None:
        blind = switches.to_replicas is ToReplicas.BLIND
        super().__init__(Replica, switches.replica_policy, switches, rng, blind=blind)
        self._is_available = replica_rule(switches)

    def available(self) -> list[Replica]:
        """Return the replicas that may be sent a request now."""
        return [replica for replica in self.targets.values() if self._is_available(replica)]


class PeerPool(Pool[Peer]):
    """The other balancers, and what this one thinks of itself beside them."""

    def __init__(self, name: str, switches: Switches, rng: Random) -> None:
        super().__init__(Peer, switches.peer_policy, switches, rng, blind=switches.across is Across.PUSH)
        self._switches = switches
        self.self = Target(name)
        """This balancer among its peers; `outstanding` counts the requests that a push system kept here."""

    def _known_to_policy(self) -> list[str]:
        """The policy weighs this balancer beside its peers, and must not forget it when they change."""
        return [*self.targets, self.self.id]

    def with_room(self, own_queue: int) -> list[Peer]:
        """Return the peers that a request may be handed to while `own_queue` others wait here."""
        rule, sends = self._switches.peer_rule, self._switches.sends_per_probe
        return [
            peer
            for peer in self.targets.values()
            if peer_has_room(peer, rule, own_queue=own_queue, sends_per_probe=sends)
        ]

    def that_serve(self) -> list[Peer]:
        """Return the reachable peers that have replicas, as far as is known."""
        return [peer for peer in self.reachable() if peer.report is None or peer.report.replicas > 0]

    def nearest_first(self) -> list[Peer]:
        """Return the reachable peers that have reported, by round trip."""
        spoken = [peer for peer in self.reachable() if peer.report is not None]
        return sorted(spoken, key=lambda peer: (peer.rtt_s, peer.id))
