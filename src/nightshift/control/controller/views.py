"""What `status` shows, as plain data: three tables, and the load that the balancers tell of."""

from collections.abc import Mapping, Sequence
from typing import Any

from nightshift.control.autoscaling import policy_text
from nightshift.control.controller.loop import ServiceLoop
from nightshift.control.controller.unit_view import unit_view
from nightshift.control.lifecycle.rows import ROUTERS, UnitRow
from nightshift.control.lifecycle.states import BROKEN, State
from nightshift.control.lifecycle.step import service_state
from nightshift.control.local.plan import Engine
from nightshift.control.providers.base import Kind
from nightshift.control.service.spec import LocalEngine, ServiceSpec

_CLOUD_PORT = 8000


def service_view(loop: ServiceLoop, now: float) -> dict[str, Any]:
    """Return one service with its replicas and balancers. No secret is in it."""
    fleet, spec = loop.fleet, loop.spec
    replicas = [_unit(row, loop) for row in fleet.of(Kind.REPLICA) if _is_shown(row)]
    balancers = [_balancer(row, loop) for row in fleet.of(Kind.BALANCER) if _is_shown(row)]
    ready = {b["region"]: f"{b['scheme']}://{b['endpoint']}" for b in balancers if b["status"] == "READY"}
    endpoints = {place.region: ready[place.region] for place in spec.balancers if place.region in ready}
    return {
        "name": loop.name,
        "provider": spec.provider.value,
        "engine": _engine(spec),
        "wan": None if spec.wan is None else spec.wan.matrix,
        "version": fleet.service.version,
        "uptime_s": round(now - fleet.service.created, 1),
        "status": service_state(fleet).value,
        "replicas_ready": _count(fleet.of(Kind.REPLICA)),
        "replicas_total": fleet.service.desired,
        "balancers_ready": _count(fleet.of(Kind.BALANCER)),
        "balancers_total": len(spec.balancers),
        "endpoint": _endpoint(spec, endpoints),
        "endpoints": endpoints,
        "autoscaling_policy": policy_text(spec.scaling),
        "load_balancing_policy": spec.policy,
        "system": spec.system,
        "requested_resources": ", ".join(dict.fromkeys(_resources(place.resources) for place in spec.places)),
        "problem": loop.problem or loop.naming.problem or _problem(fleet.rows),
        "prefix_hit_rate": hit_rate([row.name for row in fleet.of(Kind.REPLICA)], loop),
        "replicas": replicas,
        "balancers": balancers,
        "baselines": [
            {**_balancer(row, loop), "baseline": ROUTERS[row.place]}
            for row in fleet.of(Kind.ROUTER)
            if _is_shown(row)
        ],
    }


def _unit(row: UnitRow, loop: ServiceLoop) -> dict[str, Any]:
    return {
        **unit_view(row),
        **_load_of(row, loop),
        "prefix_hit_rate": hit_rate([row.name], loop),
    }


def _load_of(row: UnitRow, loop: ServiceLoop) -> dict[str, Any]:
    """Add up what the balancers say of a replica: they know what they have sent; it tells them the rest."""
    said = [
        state["replica"][row.name] for state in loop.states().values() if row.name in state.get("replica", {})
    ]
    if not said:
        return {"outstanding": None, "pending": None, "running": None, "kv_use": None}
    latest = said[0]
    return {
        "outstanding": sum(one.get("outstanding", 0) for one in said),
        "pending": latest.get("pending"),
        "running": latest.get("running"),
        "kv_use": latest.get("kv_use"),
    }


def hit_rate(names: Sequence[str], loop: ServiceLoop) -> float | None:
    """Return cached prompt tokens / prompt tokens over these replicas, since each began; None: not known."""
    probes = [loop.probes.of(name) for name in names]
    hits = [probe.hits for probe in probes if probe is not None and probe.hits is not None]
    prompt = sum(one.prompt for one in hits)
    return sum(one.cached for one in hits) / prompt if prompt else None


def _balancer(row: UnitRow, loop: ServiceLoop) -> dict[str, Any]:
    probe = loop.probes.of(row.name)
    state: Mapping[str, Any] = (probe.state if probe is not None else None) or {}
    counters: Mapping[str, Any] = state.get("counters", {})
    return {
        **_unit(row, loop),
        "scheme": "https" if row.kind is Kind.BALANCER and "tls" in loop.spec.balancer_settings else "http",
        "queue": state.get("queue"),
        "outstanding": state.get("outstanding"),
        "handed_over": counters.get("handed_over"),
        "arrived": counters.get("arrived"),
        "matched": _mean(state.get("matched")),
        "replicas": sorted(state.get("replica", {})) if state else None,
    }


def _mean(histogram: Mapping[str, Any] | None) -> float | None:
    """Return the mean of a histogram since the start: of `matched`, the share of a prompt believed cached."""
    if histogram is None or not histogram["count"]:
        return None
    return float(histogram["sum"] / histogram["count"])


def _is_shown(row: UnitRow) -> bool:
    """Who has gone in good order is not shown any more; who failed is."""
    return row.gone is None or row.state in BROKEN


def _count(rows: list[UnitRow]) -> int:
    return sum(row.state is State.READY for row in rows)


def _endpoint(spec: ServiceSpec, endpoints: Mapping[str, str]) -> str:
    if spec.hosted_zone is not None:
        return f"{spec.name}.{spec.hosted_zone.rstrip('.')}:{_CLOUD_PORT}"
    return next(iter(endpoints.values()), "-").rpartition("://")[2]


def _engine(spec: ServiceSpec) -> dict[str, Any]:
    """Return what the replicas run, in the words that results carry, and how many times faster than real."""
    engine = spec.engine
    if not isinstance(engine, LocalEngine):
        return {"text": "as the service file's `run` says", "emulated": False, "speed": 1.0}
    is_emulated = engine.engine is Engine.EMULATED
    text = f"emulated {engine.profile}" if is_emulated else "llama.cpp SmolLM2-135M-Instruct, CPU"
    return {"text": text, "emulated": is_emulated, "speed": engine.speed}


def _resources(resources: Mapping[str, object]) -> str:
    accelerators = resources.get("accelerators")
    if accelerators is not None:
        return f"1x[{accelerators}]"
    return f"1x[{resources['instance_type']}]" if "instance_type" in resources else "1x[CPU]"


def _problem(rows: tuple[UnitRow, ...]) -> str:
    """Return the latest problem of a unit that keeps the service from being whole."""
    troubled = [row for row in rows if row.problem and row.gone is None]
    latest = max(troubled, key=lambda row: row.since, default=None)
    return "" if latest is None else f"{latest.name}: {latest.problem}"
