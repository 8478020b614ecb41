"""What a balancer knows, as plain data: for its state page, for logs, for a person who asks why."""

from dataclasses import asdict
from typing import Any

from nightshift.balancing.balancer import Balancer


def snapshot(balancer: Balancer, now: float) -> dict[str, Any]:
    """Return the balancer's report, its switches by name, and what it knows of each target at `now`."""
    available = balancer.replicas.available()
    room = balancer.peers.with_room(len(balancer.queue))
    switches = balancer.switches
    return {
        "name": balancer.name,
        **asdict(balancer.report()),
        "across": switches.across.value,
        "to_replicas": switches.to_replicas.value,
        "stored_responses": len(balancer.stored.responses),
        "policies": {"replicas": switches.replica_policy, "peers": switches.peer_policy},
        "replica": {
            replica.id: {
                "outstanding": replica.outstanding,
                **asdict(replica.report),
                "health": replica.health.state.value,
                "reachable": replica.health.reachable,
                "models": None if replica.models is None else sorted(replica.models),
                "report_age_s": None if replica.reported_at is None else round(now - replica.reported_at, 3),
                "available": bool(replica.bit & available),
            }
            for replica in balancer.replicas.targets.values()
        },
        "peer": {
            peer.id: {
                "outstanding": peer.outstanding,
                "rtt_ms": round(peer.rtt_s * 1000, 3),
                "report": None if peer.report is None else asdict(peer.report),
                "reachable": peer.reachable,
                "has_room": bool(peer.bit & room),
            }
            for peer in balancer.peers.targets.values()
        },
    }
