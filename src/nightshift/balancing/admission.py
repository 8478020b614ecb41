"""Which replicas, and which peers, may be sent a request now.

A replica is available by one of three rules (`ToReplicas`). The rule by pending requests is the
original's contribution: an engine that reports a waiting request has a full batch, whatever the number of
requests in it, which for one model on one GPU varies by more than a factor of two with their lengths. A
peer is available when it has an available replica itself and its queue is short (`PeerRule`).
"""

from collections.abc import Callable

from nightshift.balancing.switches import PeerRule, Switches, ToReplicas
from nightshift.balancing.targets import Peer, Replica

ReplicaRule = Callable[[Replica], bool]


def replica_rule(switches: Switches) -> ReplicaRule:
    """Return the test that says whether a replica is available."""
    sends, growth, limit = switches.sends_per_probe, switches.batch_growth, switches.max_outstanding

    def blind(replica: Replica) -> bool:
        return replica.reachable

    def by_pending(replica: Replica) -> bool:
        if not replica.reachable or replica.report.pending:
            return False
        unseen = len(replica.unseen)
        return unseen < sends or unseen < growth * _free_share(replica) * (replica.report.running or 0)

    def by_outstanding(replica: Replica) -> bool:
        return replica.reachable and replica.outstanding < limit

    return {
        ToReplicas.BLIND: blind,
        ToReplicas.BY_PENDING: by_pending,
        ToReplicas.BY_OUTSTANDING: by_outstanding,
    }[switches.to_replicas]


def _free_share(replica: Replica) -> float:
    """Share of the engine's KV memory that is free; none where the engine does not say."""
    kv_use = replica.report.kv_use
    return 0.0 if kv_use is None else 1.0 - kv_use


def peer_has_room(peer: Peer, rule: PeerRule, *, own_queue: int, sends_per_probe: int) -> bool:
    """Tell whether a request may be handed to `peer` while `own_queue` others wait here.

    Each of its available replicas stands for `sends_per_probe` requests until it reports again.
    """
    report = peer.report
    if report is None or not peer.reachable or report.available_replicas < 1:
        return False
    if report.queue > rule.max_queue or (rule.not_longer_than_own and report.queue > own_queue):
        return False
    return len(peer.unseen) < sends_per_probe * report.available_replicas
