"""What a balancer knows of the places it can send a request to.

Two kinds of knowledge meet here. `outstanding` is the balancer's own count, exact at every moment. A
report (pending requests of an engine, queue of a peer) is always a little old; `unseen` holds the requests
that were sent since and are not over, which the last report cannot have counted, so that one old report is
not taken as an invitation again and again.

A target has a *slot* in its pool, a small whole number: its bit in the masks that candidates, models and
prefix holders are.
"""

from dataclasses import dataclass, field

from nightshift.balancing.health import Health
from nightshift.balancing.messages import PeerReport, ReplicaReport
from nightshift.balancing.switches import Ejection


@dataclass(slots=True, eq=False)
class Target:
    """A replica, a peer, or this balancer itself."""

    id: str
    slot: int = 0
    bit: int = 1
    """The slot as a mask."""
    outstanding: int = 0
    """Requests sent there by this balancer and not finished."""
    rtt_s: float = 0.0
    """Round trip of the last report, in seconds."""
    unseen: dict[str, float] = field(default_factory=dict)
    """Requests under way that the last report does not contain, by id, and when each was sent, in that
    order."""

    @property
    def waiting(self) -> int | None:
        """Requests that wait there, as last reported; None: not known."""
        return None

    @property
    def kv_use(self) -> float | None:
        """The share of its KV cache in use, from 0 to 1, as last reported; None: not known."""
        return None

    def sent(self, now: float, request_id: str) -> None:
        """Count a request that goes there now."""
        self.outstanding += 1
        self.unseen[request_id] = now

    def over(self, request_id: str) -> None:
        """A request that was sent there is over: it cannot wait there, whatever the next report says."""
        self.outstanding -= 1
        if request_id in self.unseen:
            del self.unseen[request_id]

    def seen(self, now: float, rtt_s: float) -> None:
        """Take in that a report is here `now` that was asked for `rtt_s` earlier."""
        self.rtt_s = rtt_s
        # What left after the report was asked for may have arrived after it was written.
        asked, seen = now - rtt_s, []
        for id_, sent in self.unseen.items():
            if sent > asked:
                break
            seen.append(id_)
        for id_ in seen:
            del self.unseen[id_]


@dataclass(slots=True, eq=False)
class Replica(Target):
    """An engine of this balancer."""

    report: ReplicaReport = field(default_factory=lambda: ReplicaReport(pending=None, running=None))
    reported_at: float | None = None
    """When the last report came, on the balancer's clock in seconds."""
    models: frozenset[str] | None = None
    """What it serves; None: not known, or any name."""
    health: Health = field(default_factory=lambda: Health(Ejection()))

    @property
    def waiting(self) -> int | None:
        """See `Target.waiting`: in the engine."""
        return self.report.pending

    @property
    def kv_use(self) -> float | None:
        """See `Target.kv_use`."""
        return self.report.kv_use


@dataclass(slots=True, eq=False)
class Peer(Target):
    """Another balancer of the service; `report` is None until it has spoken."""

    reachable: bool = True
    """Whether the last report came, and the last request got there. A new peer counts as reachable."""
    report: PeerReport | None = None
    asked_to_steal_at: float | None = None
    """When it was asked for requests, unless a report has come since that can show what it gave."""

    @property
    def waiting(self) -> int | None:
        """See `Target.waiting`: in its queue."""
        return None if self.report is None else self.report.queue

    def reported(self, now: float, report: PeerReport, rtt_s: float) -> None:
        """Take in what the peer says."""
        self.report = report
        self.reachable = True
        if self.asked_to_steal_at is not None and self.asked_to_steal_at <= now - rtt_s:
            self.asked_to_steal_at = None
        self.seen(now, rtt_s)
