"""Which systems are measured, and on which service each. Pure.

The original wanted one name for each selected system that is a SkyPilot service (indices 0 to 5), in the
order of the systems; the gateway of GKE is none. So it is here, and each name is compared with what its
service really runs, so that a wrong order is found before anything is measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nightshift.balancing.presets import Preset
from nightshift.errors import UserError

GATEWAY = "gke_gateway"
BASELINES = {
    "sgl": "sglang-router",
    "sky_sgl_enhanced": "sglang-router-pull",
    "vllm_router": "vllm-router",
}
"""Systems that stand before a service's replicas (`nightshift baseline up`), by suffix."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A system, and where it runs: either `service`, a name, or `endpoint`, `host:port`, is set."""

    system: Preset
    service: str | None = None
    endpoint: str | None = None


def pair(
    systems: Sequence[Preset], service_names: Sequence[str], gke_endpoint: str | None
) -> tuple[Chosen, ...]:
    """Give each system its service. A name with a colon is an endpoint. Raises `UserError`."""
    own = [system for system in systems if system.suffix != GATEWAY]
    if len(own) != len(service_names):
        wanted = ", ".join(system.names for system in own) or "none"
        raise UserError(
            f"--service-names has {len(service_names)} names, {len(own)} are wanted, in this order: {wanted}"
        )
    if len(own) < len(systems) and not gke_endpoint:
        raise UserError(
            "system 6 needs --gke-endpoint HOST:PORT (`nightshift baseline gke status` shows it); "
            "or leave it out of --run-systems"
        )
    if twice := [name for name in service_names if list(service_names).count(name) > 1]:
        raise UserError(f"--service-names: {twice[0]} is given twice; each system runs on its own service")
    names = iter(service_names)
    return tuple(
        Chosen(system, endpoint=gke_endpoint) if system.suffix == GATEWAY else _on(system, next(names))
        for system in systems
    )


def check(chosen: Chosen, view: Mapping[str, Any]) -> str:
    """Compare a system with what its service runs; return a note for readers, or nothing.

    Raises `UserError` for a service of another preset.
    """
    runs, wanted = str(view["system"]), chosen.system.suffix
    if wanted in BASELINES or runs == wanted:
        return ""
    if runs == "custom":
        return f"{view['name']}, measured as {wanted}, has switches that no preset has"
    raise UserError(
        f"service {view['name']} runs {runs}, and is named for system {chosen.system.names}: "
        "put --service-names in the order of --run-systems, or name what it runs in --run-systems"
    )


def _on(system: Preset, name: str) -> Chosen:
    return Chosen(system, endpoint=name) if ":" in name else Chosen(system, service=name)
