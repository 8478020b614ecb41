"""What the metrics page shows of this moment: read from the parts when somebody looks."""

from collections.abc import Iterator

from nightshift import __version__
from nightshift.balancing.health import State
from nightshift.proxy.pool import Pool
from nightshift.proxy.seen.reading import IndexReading, Reading, TargetReading
from nightshift.proxy.server import Server


def read(server: Server) -> Reading:
    """Return the numbers of now. Costs O(targets)."""
    parts, dispatcher = server.parts, server.dispatcher
    balancer, settings = dispatcher.balancer, server.settings
    return Reading(
        states=[state.value for state in State],
        targets=[*_replicas(server), *_peers(server)],
        indexes=list(_indexes(server)),
        in_progress=dispatcher.in_progress,
        queue_length=len(balancer.queue),
        queue_limit=settings.switches.max_queue,
        connections_open=server.edge.doors.inside,
        draining=server.draining,
        retries_left=balancer.retries.left,
        false_claims=parts.tokens.false_claims,
        facts={"version": __version__, "region": settings.region, "balancer": settings.name},
    )


def _region(pool: Pool | None) -> str:
    return "" if pool is None else pool.endpoint.region


def _replicas(server: Server) -> Iterator[TargetReading]:
    dispatcher = server.dispatcher
    now = dispatcher.now()
    for id_, replica in dispatcher.balancer.replicas.targets.items():
        report = replica.report
        yield TargetReading(
            kind="replica",
            id=id_,
            region=_region(dispatcher.replicas.get(id_)),
            state=replica.health.state.value,
            outstanding=replica.outstanding,
            report_age_s=None if replica.reported_at is None else now - replica.reported_at,
            rtt_s=replica.rtt_s,
            pending=report.pending,
            running=report.running,
            kv_use=report.kv_use,
        )


def _peers(server: Server) -> Iterator[TargetReading]:
    dispatcher = server.dispatcher
    for id_, peer in dispatcher.balancer.peers.targets.items():
        report = peer.report
        yield TargetReading(
            kind="peer",
            id=id_,
            region=_region(dispatcher.peers.get(id_)),
            state=_state_of_peer(reachable=peer.reachable, spoken=report is not None),
            outstanding=peer.outstanding,
            rtt_s=peer.rtt_s,
            pending=None if report is None else report.queue,
            running=None if report is None else report.outstanding,
        )


def _state_of_peer(*, reachable: bool, spoken: bool) -> str:
    if not reachable:
        return State.DOWN.value
    return State.UP.value if spoken else State.UNPROBED.value


def _indexes(server: Server) -> Iterator[IndexReading]:
    balancer = server.dispatcher.balancer
    policies = (("replicas", balancer.replicas.policy), ("peers", balancer.peers.policy))
    for layer, policy in policies:
        if (used_bytes := policy.used_bytes) is not None:
            yield IndexReading(layer, used_bytes, server.settings.switches.index_bytes)
