"""What a balancer knows of the places it can send a request to.

Two kinds of knowledge meet here. `outstanding` is the balancer's own count, exact at every moment. A
report (pending requests of an engine, queue of a peer) is always a little old; `unseen` holds the requests
that were sent since and are not over, which the last report cannot have counted, so that one old report is
not taken as an invitation again and again.
"""

from dataclasses import dataclass, field

from nightshift.balancing.messages import PeerReport, ReplicaReport


@dataclass(slots=True, eq=False)
class Target:
    """A replica, a peer, or this balancer itself, as policies see it."""

    id: str
    outstanding: int = 0
    """Requests sent there by this balancer and not finished."""
    rtt_s: float = 0.0
    """Round trip of the last report, in seconds."""
    reachable: bool = True
    """Whether the last probe was answered. A target not probed yet counts as reachable."""
    unseen: dict[str, float] = field(default_factory=dict)
    """Requests under way that the last report does not contain, by id, and when each was sent."""

    def sent(self, now: float, request_id: str) -> None:
        """Count a request that goes there now."""
        self.outstanding += 1
        self.unseen[request_id] = now

    def over(self, request_id: str) -> None:
        """A request that was sent there is over: it cannot wait there, whatever the next report says."""
        self.outstanding -= 1
        self.unseen.pop(request_id, None)

    def _reported(self, now: float, rtt_s: float) -> None:
        """Take in a report that is here `now` and was asked for `rtt_s` earlier."""
        self.reachable = True
        self.rtt_s = rtt_s
        # What left after the report was asked for may have arrived after it was written.
        seen = [id_ for id_, sent in self.unseen.items() if sent <= now - rtt_s]
        for id_ in seen:
            del self.unseen[id_]


@dataclass(slots=True, eq=False)
class Replica(Target):
    """An engine of this balancer."""

    report: ReplicaReport = field(default_factory=lambda: ReplicaReport(pending=0, running=0))

    def reported(self, now: float, report: ReplicaReport, rtt_s: float) -> None:
        """Take in what the engine says."""
        self.report = report
        self._reported(now, rtt_s)


@dataclass(slots=True, eq=False)
class Peer(Target):
    """Another balancer of the service; `report` is None until it has spoken."""

    report: PeerReport | None = None
    asked_to_steal_at: float | None = None
    """When it was asked for requests, unless a report has come since that can show what it gave."""

    def reported(self, now: float, report: PeerReport, rtt_s: float) -> None:
        """Take in what the peer says."""
        self.report = report
        if self.asked_to_steal_at is not None and self.asked_to_steal_at <= now - rtt_s:
            self.asked_to_steal_at = None
        self._reported(now, rtt_s)
