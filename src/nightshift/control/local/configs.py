"""The configurations that a fleet hands to its children, as JSON files beside their logs."""

import os
from collections.abc import Mapping
from pathlib import Path

import orjson

from nightshift.balancing.switches import Switches
from nightshift.control.local.plan import FleetPlan
from nightshift.control.local.sockets import Sockets
from nightshift.control.local.wiring import WAN, Entry, Route, Wiring

_DRAIN_S = 2.0
"""Time for running requests when a fleet ends: its engines end with it."""


def balancer_config(
    plan: FleetPlan, switches: Switches, entry: Entry, addresses: Mapping[str, str], peer_token: str
) -> dict[str, object]:
    """Return what `nightshift balancer --config` reads."""

    def target(route: Route) -> dict[str, str]:
        return {"id": route.id, "address": addresses[route.via], "region": route.region}

    host, _, port = addresses[entry.name].rpartition(":")
    return {
        "name": entry.name,
        "region": entry.region,
        "host": host,
        "port": int(port),
        "replicas": [target(route) for route in entry.replicas],
        "peers": [target(route) for route in entry.peers],
        "switches": switches,
        "peer_token": peer_token,
        "speed": plan.speed,
        "seed": plan.seed,
        "limits": {"drain_s": _DRAIN_S},
    }


def wan_spec(plan: FleetPlan, wiring: Wiring, sockets: Sockets) -> dict[str, object]:
    """Return what `nightshift wan run` reads."""
    assert plan.wan is not None  # noqa: S101 - there are links only where there is a WAN
    links = [
        {
            "name": link.name,
            "from": link.source,
            "to": link.destination,
            "listen_fd": sockets.fd(link.name),
            "target": sockets.addresses[link.target],
        }
        for link in wiring.links
    ]
    spec: dict[str, object] = {
        "speed": plan.speed,
        "seed": plan.seed,
        "matrix": plan.wan.matrix,
        "jitter_ms": plan.wan.jitter_ms,
        "links": links,
        "control": {"fd": sockets.fd(WAN)},
    }
    if plan.wan.bandwidth_mbit_s is not None:
        spec["bandwidth_mbit_s"] = plan.wan.bandwidth_mbit_s
    return spec


def write_private(path: Path, config: Mapping[str, object]) -> str:
    """Write JSON that only this user may read (it may hold a token); return the path as text."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(orjson.dumps(config, option=orjson.OPT_INDENT_2))
    return str(path)
