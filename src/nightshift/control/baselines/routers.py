"""Systems 0 and 1 of the benchmark, and vllm-router: one router, in one region, before all replicas.

The original's `launch_lb` started both on machines of their own: the SGLang router on port 9001 before the
replicas of the first service it was given, its own global balancer on port 9002 before those of the second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nightshift.balancing.presets import preset
from nightshift.control.local.external import ROUTERS, ExternalRouter
from nightshift.control.providers.base import Balancing, Routing
from nightshift.errors import UserError

PULL_PORT = 9002
PORTS = {ExternalRouter.SGLANG: 9001, ExternalRouter.VLLM: 9003}
"""9001 and 9002 are the original's."""


def external_router(
    router: ExternalRouter, replica_addresses: Sequence[str], *, here: bool = True
) -> Routing:
    """Return a router before engines at these addresses (`host:port`), set as `local/external.py` says.

    Its workers are fixed when it starts, as they were in the original. `here`: it runs on this machine, by
    the Python that has the package; elsewhere, `setup` installs it for `python3`. Raises `UserError` without
    an address.
    """
    program = ROUTERS[router]
    if not replica_addresses:
        raise UserError(f"{program.title} needs a replica to send to; wait until the service has one")
    argv = [program.python if here else "python3", "-m", program.module]
    argv += ["--host", "{host}", "--port", "{port}"]
    argv += ["--prometheus-host", "127.0.0.1", "--prometheus-port", "{metrics_port}"]
    argv += [word for pair in program.arguments.items() for word in pair]
    argv += ["--worker-urls", *(f"http://{address}" for address in replica_addresses)]
    setup = f"python3 -m pip install {router.value}=={program.version}"
    return Routing(tuple(argv), PORTS[router], setup=setup, health_path="/readiness")


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
