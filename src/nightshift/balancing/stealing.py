"""Who steals how much from whom, and what the victim gives.

Two protocols of the original, as pure arithmetic over reports:

- *average*: bring every balancer to the same load per replica. The share is (queued + outstanding over all
  balancers) // (all replicas); a thief wants what it lacks to its own share, and takes from each peer, the
  nearest first, no more than that peer's surplus over its share, nor than its queued user requests.
- *small*: want three requests per available replica; ask the nearest first.

Differences from the original: reports come with every probe, so a thief does not ask a peer whose report
shows nothing to take, nor the same peer twice before a report has come that can show what it gave.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from nightshift.balancing.messages import AskToSteal, PeerReport
from nightshift.balancing.peer_pool import PeerPool
from nightshift.balancing.policies import Policy
from nightshift.balancing.queue import Entry
from nightshift.balancing.replica_pool import ReplicaPool
from nightshift.balancing.switches import Across
from nightshift.balancing.targets import Peer

SMALL_STEAL_PER_REPLICA = 3  # the original's factor


def _load(report: PeerReport) -> int:
    return report.queue + report.outstanding


def may_give(peer: Peer) -> bool:
    """Tell whether `peer` has requests to give, as far as is known, and was not asked already."""
    return peer.report is not None and peer.report.queue_from_users > 0 and peer.asked_to_steal_at is None


def average_wants(own: PeerReport, peers: Sequence[Peer]) -> Iterator[tuple[Peer, int]]:
    """Yield how many requests to ask each of `peers` for, nearest first as given; all have reported."""
    reports = [own, *(peer.report for peer in peers if peer.report is not None)]
    share = sum(map(_load, reports)) // max(1, sum(report.replicas for report in reports))
    deficit = share * own.replicas - _load(own)
    for peer in peers:
        report = peer.report
        if report is None or not may_give(peer) or deficit <= 0:
            continue
        surplus = _load(report) - share * report.replicas
        count = min(deficit, surplus, report.queue_from_users)
        if count > 0:
            deficit -= count
            yield peer, count


def small_wants(own: PeerReport, peers: Sequence[Peer]) -> Iterator[tuple[Peer, int]]:
    """Yield the one peer to ask now: the nearest with queued user requests. The next is asked later."""
    for peer in peers:
        if may_give(peer):
            yield peer, SMALL_STEAL_PER_REPLICA * own.available_replicas
            return


_WANTS: Mapping[Across, Callable[[PeerReport, Sequence[Peer]], Iterator[tuple[Peer, int]]]] = {
    Across.STEAL_AVERAGE: average_wants,
    Across.STEAL_SMALL: small_wants,
}


class Idle(Protocol):
    """A balancer with an empty queue."""

    @property
    def replicas(self) -> ReplicaPool:
        """Its replicas."""

    @property
    def peers(self) -> PeerPool:
        """Its peers."""

    def report(self) -> PeerReport:
        """What it says of itself."""


class Thief:
    """The thief's side: one round of questions at a time, and no second one before all have answered."""

    def __init__(self, across: Across) -> None:
        self._wants = _WANTS.get(across)
        self.steals = self._wants is not None
        """Whether this is a stealing system."""
        self._asked: set[str] = set()
        """Peers that were asked and have not answered."""

    def peers_are(self, peers: Iterable[str]) -> None:
        """Who is gone will not answer."""
        self._asked.intersection_update(peers)

    def answered(self, peer: str) -> None:
        """A peer that was asked has answered, or could not be asked."""
        self._asked.discard(peer)

    def ask(self, now: float, idle: Idle) -> list[AskToSteal]:
        """Return the questions to ask now, if a replica of `idle` has room."""
        if self._wants is None or self._asked:
            return []
        peers = idle.peers.nearest_first()
        # Every probe of an idle balancer comes here: what costs O(peers) is asked before O(replicas).
        if not any(may_give(peer) for peer in peers) or not idle.replicas.available():
            return []
        questions = []
        for peer, count in self._wants(idle.report(), peers):
            peer.asked_to_steal_at = now
            self._asked.add(peer.id)
            questions.append(AskToSteal(peer.id, count))
        return questions


def choose_loot(
    waiting: Iterable[Entry], thief: int, balancers: int, policy: Policy, count: int
) -> list[Entry]:
    """Choose up to `count` of the requests that may cross, given youngest first.

    First those whose prompt the thief knows best of all `balancers` (a slot, and a mask), by how much of
    it; then the youngest, which have waited least and lose least by the journey.
    """

    def rank(entry: Entry) -> float:
        best, share = policy.affinity(entry.request, balancers)
        return share if best == thief else 0.0

    return sorted(waiting, key=rank, reverse=True)[: max(0, count)]  # stable: equals stay youngest first
