"""Which replicas, and which peers, have room for a request now.

A replica has room by one of three rules (`ToReplicas`). The rule by pending requests is the original's
contribution: an engine that reports a waiting request has a full batch, whatever the number of requests in
it, which for one model on one GPU varies by more than a factor of two with their lengths. An engine that
does not say how many wait, or has not said so lately, is neither idle nor full: it has room for a small
number of outstanding requests. A peer has room when it has an available replica itself and its queue is
short (`PeerRule`).

Whether a replica may be used at all is another question: `health.py`.
"""

from collections.abc import Callable
from typing import Final

from nightshift.balancing.health import State
from nightshift.balancing.switches import PeerRule, Switches, ToReplicas
from nightshift.balancing.targets import Peer, Replica

ReplicaRule = Callable[[Replica], bool]

_UP: Final = State.UP  # to read a member through its class costs ten times as much in Python 3.11


def replica_rule(switches: Switches) -> ReplicaRule:
    """Return the test that says whether a replica has room."""
    sends, growth, limit = switches.sends_per_probe, switches.batch_growth, switches.max_outstanding
    unknown = switches.unknown_outstanding

    def blind(replica: Replica) -> bool:
        return True

    def by_pending(replica: Replica) -> bool:
        if replica.health.signal is not _UP:
            return replica.outstanding < unknown
        if replica.report.pending:
            return False
        unseen = len(replica.unseen)
        return unseen < sends or unseen < growth * _free_share(replica) * (replica.report.running or 0)

    def by_outstanding(replica: Replica) -> bool:
        return replica.outstanding < limit

    return {
        ToReplicas.BLIND: blind,
        ToReplicas.BY_PENDING: by_pending,
        ToReplicas.BY_OUTSTANDING: by_outstanding,
    }[switches.to_replicas]


def why_no_room(replica: Replica, switches: Switches) -> str:
    """Say why the rule lets no request to a replica that has no room."""
    if switches.to_replicas is ToReplicas.BY_OUTSTANDING:
        return f"{replica.outstanding} outstanding, the limit is {switches.max_outstanding}"
    if replica.health.signal is not State.UP:
        limit = switches.unknown_outstanding
        return f"{replica.outstanding} outstanding, {limit} while its pending requests are not known"
    if replica.report.pending:
        return f"{replica.report.pending} pending"
    return f"{len(replica.unseen)} sent since its last report"


def _free_share(replica: Replica) -> float:
    """Share of the engine's KV memory that is free; none where the engine does not say."""
    kv_use = replica.report.kv_use
    return 0.0 if kv_use is None else 1.0 - kv_use


def peer_has_room(peer: Peer, rule: PeerRule, *, own_queue: int, sends_per_probe: int) -> bool:
    """Tell whether a request may be handed to `peer` while `own_queue` others wait here.

    Each of its available replicas stands for `sends_per_probe` requests until it reports again.
    """
    report = peer.report
    if report is None or not peer.reachable or report.draining or report.available_replicas < 1:
        return False
    if report.queue > rule.max_queue or (rule.not_longer_than_own and report.queue > own_queue):
        return False
    return len(peer.unseen) < sends_per_probe * report.available_replicas
