"""Systems 0 and 1 of the benchmark: one router, in one region, before all replicas of a service. Pure.

The original's `launch_lb` started both on machines of their own: the SGLang router on port 9001 before the
replicas of the first service it was given, its own global balancer on port 9002 before those of the second.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nightshift.balancing.presets import preset
from nightshift.control.local.recipes import ROUTER_ARGUMENTS
from nightshift.control.providers.base import Balancing, Routing
from nightshift.errors import UserError

ROUTER_PORT = 9001
PULL_PORT = 9002
_PACKAGE = "sglang-router==0.3.2"
"""The version that the project measures with; the original used 0.1.4 with the same arguments."""


def sglang_router(
    replica_addresses: Sequence[str], port: int = ROUTER_PORT, *, python: str = sys.executable
) -> Routing:
    """Return the SGLang router before engines at these addresses (`host:port`), with the original's values.

    Its workers are fixed when it starts, as they were in the original. `python` has to find the package:
    this one does here, `python3` does on a machine that `setup` has prepared. Raises `UserError` without an
    address.
    """
    if not replica_addresses:
        raise UserError("the SGLang router needs a replica to send to; wait until the service has one")
    argv = [python, "-m", "sglang_router.launch_router", "--host", "{host}", "--port", "{port}"]
    argv += ["--prometheus-host", "127.0.0.1", "--prometheus-port", "{metrics_port}"]
    argv += [word for pair in ROUTER_ARGUMENTS.items() for word in pair]
    argv += ["--worker-urls", *(f"http://{address}" for address in replica_addresses)]
    return Routing(tuple(argv), port, setup=f"python3 -m pip install {_PACKAGE}", health_path="/readiness")


def sglang_router_pull(
    name: str,
    region: str,
    replicas: Sequence[Mapping[str, Any]],
    token: str,
    *,
    port: int = PULL_PORT,
    host: str = "127.0.0.1",
) -> Balancing:
    """Return system 1: our own balancer as preset 1, with all replicas of all regions.

    `replicas` have `id`, `address` and `region`; `token` is the service's, which its admin API asks for.
    """
    switches = preset("sky_sgl_enhanced").switches
    assert switches is not None  # noqa: S101 - only system 0 has none
    settings = {
        "name": name,
        "region": region,
        "replicas": [{key: replica[key] for key in ("id", "address", "region")} for replica in replicas],
        "switches": asdict(switches),
        "peer_token": token,
    }
    return Balancing(settings, host, port)
