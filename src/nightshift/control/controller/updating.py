"""What an update of a service cannot change."""

from collections.abc import Mapping

from nightshift.control.service.spec import LocalEngine, ServiceSpec
from nightshift.errors import UserError


def check_place(old: ServiceSpec, new: ServiceSpec) -> None:
    """Raise `UserError` for another provider, or another zone."""
    if old.provider is not new.provider:
        raise UserError(
            f"the service runs on {old.provider}, the file is for {new.provider}: end it, then begin it anew"
        )
    if old.hosted_zone != new.hosted_zone:
        raise UserError("the hosted zone cannot change while a service runs: end it, then begin it anew")


def check_update(old: ServiceSpec, new: ServiceSpec) -> None:
    """Raise `UserError` for what an update cannot change."""
    check_place(old, new)
    if old.switches.topology is not new.switches.topology:
        raise UserError("the topology of a service cannot change while it runs: end it, then begin it anew")
    for what in (name for name, value in _fixed(old).items() if value != _fixed(new)[name]):
        raise UserError(f"{what} cannot change while a service runs: end it, then begin it anew")


def _fixed(spec: ServiceSpec) -> Mapping[str, object]:
    """Return what a balancer that runs cannot take; see `nightshift.proxy.server`."""
    engine = spec.engine
    return {
        "ejection": spec.switches.ejection,
        "tls": spec.balancer_settings.get("tls"),
        "peer_tls": spec.balancer_settings.get("peer_tls"),
        "speed": engine.speed if isinstance(engine, LocalEngine) else None,
        "seed": engine.seed if isinstance(engine, LocalEngine) else None,
    }
