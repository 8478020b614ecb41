"""Why requests went where they went: the last decisions, each with who else could have had the request.

Explaining goes over candidates, so not every decision is explained: at most one in 10 ms of the balancer's
clock, which is all of them when fewer come. The others pay for one comparison of times. What is kept is
bounded: a ring of the last thousand, at most 16 candidates each. Nothing of the prompt is kept but how much
of it a target was believed to hold.

Candidates are described before the request is counted, as the policy saw them.
"""

from collections import deque
from dataclasses import dataclass
from itertools import chain, islice

from nightshift.balancing.admission import why_no_room
from nightshift.balancing.health import TABLE, Takes
from nightshift.balancing.messages import Decision, Reject
from nightshift.balancing.peer_pool import PeerPool
from nightshift.balancing.queue import Entry
from nightshift.balancing.replica_pool import ReplicaPool
from nightshift.balancing.switches import Switches
from nightshift.balancing.targets import Peer, Replica

_KEPT = 1000
_CANDIDATES = 16
_INTERVAL_S = 0.01

WHY = {
    "prefix": "it holds most of the prompt of those available; of several such it has the fewest outstanding",
    "least_load": "it has the fewest outstanding requests of those available",
    "least_load_no_prefix": "nobody available holds enough of the prompt; it has the fewest outstanding",
    "least_load_no_prompt": "there is no prompt to compare; it has the fewest outstanding",
    "least_load_no_key": "the request has no hash key; it has the fewest outstanding",
    "least_load_imbalance": "loads differ too much to look at prefixes; it has the fewest outstanding",
    "round_robin": "it is its turn",
    "nearest": "it has the shortest round trip; of several such it has the fewest outstanding",
    "hash_ring": "it is the first available owner of the request's key on the ring",
    "hash_ring_bounded": "it is the first on the ring from the request's key that is not too loaded",
    "hash_ring_all_full": "it is the first owner of the request's key on the ring; all are above the bound",
    "power_of_two": "of two drawn at random it has the fewest outstanding requests",
    "only_one": "nobody else was available",
    "least_cost": "its cost in seconds is the least: round trip, tokens there, and tokens to prefill",
    "weighted_scores": "its score is the highest: weighted prefix match, queue and free KV memory",
    "stolen": "it asked for work",
    "stored": "it holds the stored response that the request names",
    "stored_sought": "it may hold the stored response that is named; it is the nearest not asked yet",
}
"""By the reason of a decision: why the winner won."""


@dataclass(slots=True)
class Candidate:
    """A target as it was when the decision was made. None is what is not known, or was not looked at."""

    target: str
    kind: str
    """`replica` or `peer`."""
    available: bool
    why_not: str | None
    """Why it could not be chosen."""
    outstanding: int
    pending: int | None
    running: int | None
    kv_use: float | None
    report_age_s: float | None
    prefix_share: float | None
    score: float | None = None
    """The figure that the policy compared; what it is, `why` says."""


@dataclass(slots=True)
class Explained:
    """One decision. `target` is None for a refusal, whose `reason` is its code."""

    time_s: float
    action: str
    """`forward`, `hand_over` or `reject`."""
    request: str
    model: str
    hops: int
    """1 if the request came from a peer, or goes to one."""
    target: str | None
    reason: str
    why: str
    matched: float
    queued_s: float
    candidates: list[Candidate]


class Explanations:
    """See the head of the file."""

    def __init__(self, replicas: ReplicaPool, peers: PeerPool, switches: Switches) -> None:
        self._replicas = replicas
        self._peers = peers
        self._switches = switches
        self._kept: deque[Explained] = deque(maxlen=_KEPT)
        self.next_at = float("-inf")
        """From when on the next decision is explained. Compare before calling anything here."""

    def use(self, switches: Switches) -> None:
        """These decide from now on."""
        self._switches = switches

    def last(self, count: int) -> list[Explained]:
        """Return the last decisions that were explained, the newest first."""
        return list(islice(reversed(self._kept), max(0, count)))

    def forwarded(self, now: float, entry: Entry, replica: Replica, decision: Decision, allowed: int) -> None:
        """The request is about to go to `replica`, one of the mask `allowed`."""
        candidates = self._among_replicas(now, entry, allowed)
        self._keep(now, "forward", entry, decision, candidates, target=replica.id)

    def handed_over(self, now: float, entry: Entry, peer: Peer, decision: Decision, allowed: int) -> None:
        """The request is about to go to `peer`, one of the mask `allowed`."""
        candidates = self._among_peers(entry, allowed)
        self._keep(now, "hand_over", entry, decision, candidates, target=peer.id)

    def refused(self, now: float, entry: Entry, reject: Reject) -> None:
        """A request was refused."""
        decision = Decision(reject.code, now - entry.arrived)
        candidates = [*self._among_replicas(now, entry, 0), *self._among_peers(entry, 0)][:_CANDIDATES]
        self._keep(now, "reject", entry, decision, candidates, target=None, why=reject.message)

    def _keep(
        self,
        now: float,
        action: str,
        entry: Entry,
        decision: Decision,
        candidates: list[Candidate],
        *,
        target: str | None,
        why: str | None = None,
    ) -> None:
        self.next_at = now + _INTERVAL_S
        self._kept.append(
            Explained(
                time_s=now,
                action=action,
                request=entry.request.id,
                model=entry.request.model,
                hops=int(action == "hand_over" or entry.request.from_peer is not None),
                target=target,
                reason=decision.reason,
                why=WHY.get(decision.reason, "") if why is None else why,
                matched=decision.matched,
                queued_s=decision.queued_s,
                candidates=candidates,
            )
        )

    def _among_replicas(self, now: float, entry: Entry, allowed: int) -> list[Candidate]:
        pool = self._replicas
        first = chain(pool.within(allowed), pool.within(pool.everyone & ~allowed))
        scores = pool.scores(entry.request, allowed)
        return [self._replica(now, entry, one, allowed, scores) for one in islice(first, _CANDIDATES)]

    def _among_peers(self, entry: Entry, allowed: int) -> list[Candidate]:
        pool = self._peers
        first = chain(pool.within(allowed), pool.within(pool.everyone & ~allowed))
        scores = pool.scores(entry.request, allowed)
        return [self._peer(entry, peer, allowed, scores) for peer in islice(first, _CANDIDATES)]

    def _replica(
        self, now: float, entry: Entry, replica: Replica, allowed: int, scores: dict[int, float]
    ) -> Candidate:
        report, available = replica.report, bool(replica.bit & allowed)
        return Candidate(
            target=replica.id,
            kind="replica",
            available=available,
            why_not=None if available else self._why_not(entry, replica),
            outstanding=replica.outstanding,
            pending=report.pending,
            running=report.running,
            kv_use=report.kv_use,
            report_age_s=None if replica.reported_at is None else now - replica.reported_at,
            prefix_share=self._replicas.policy.held(entry.request, replica.slot) if available else None,
            score=scores.get(replica.slot),
        )

    def _why_not(self, entry: Entry, replica: Replica) -> str:
        model, health = entry.request.model, replica.health
        takes = TABLE[health.state].takes
        if replica.id in entry.avoid:
            return "it failed with this request"
        if not replica.bit & self._replicas.regions.of(entry.request.regions):
            return "its region may not serve this request"
        if model and replica.models is not None and model not in replica.models:
            return f"does not serve {model}"
        if takes is Takes.NOTHING:
            return health.state.value
        if takes is Takes.A_TRIAL and health.trial is not None:
            return f"{health.state.value}: its trial is under way"
        return why_no_room(replica, self._switches)

    def _peer(self, entry: Entry, peer: Peer, allowed: int, scores: dict[int, float]) -> Candidate:
        report, available = peer.report, bool(peer.bit & allowed)
        return Candidate(
            target=peer.id,
            kind="peer",
            available=available,
            why_not=None if available else self._why_not_peer(entry, peer),
            outstanding=peer.outstanding,
            pending=None if report is None else report.queue,
            running=None if report is None else report.outstanding,
            kv_use=None,
            report_age_s=None,
            prefix_share=self._peers.policy.held(entry.request, peer.slot) if available else None,
            score=scores.get(peer.slot),
        )

    def _why_not_peer(self, entry: Entry, peer: Peer) -> str:
        report, model = peer.report, entry.request.model
        if peer.id in entry.avoid:
            return "it failed with this request, or declined it"
        if not entry.may_cross:
            return "the request may not cross"
        if not peer.bit & self._peers.regions.of(entry.request.regions):
            return "its region may not serve this request"
        if not peer.reachable:
            return "down"
        if report is None:
            return "has not reported"
        if report.draining:
            return "draining"
        if model and report.models is not None and model not in report.models:
            return f"does not serve {model}"
        return f"no room: {report.available_replicas} replicas available, {report.queue} in its queue"
