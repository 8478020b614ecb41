"""Services that this controller cannot take up: their file, or what it names, cannot be read any more.

Their balancers and replicas go on, and nobody looks after them until that is mended. They are shown as they
were last written down, and can be ended all the same: what it takes to end a service stands in its rows, but
for the provider and the zone.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any

import yaml

from nightshift.control.controller.unit_view import unit_view
from nightshift.control.lifecycle.fleet import Fleet
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.states import ServiceState, State
from nightshift.control.local.plan import Engine
from nightshift.control.providers.base import Kind
from nightshift.control.service.faults import is_zone
from nightshift.control.service.spec import (
    BalancerPlace,
    LocalEngine,
    Placeable,
    ProviderName,
    Scaling,
    ServiceSpec,
    SkyTask,
)


@dataclass(frozen=True, slots=True)
class Untaken:
    """One of them. `text` is its file, `problem` says what is wrong with it."""

    fleet: Fleet
    text: str = field(repr=False)
    envs: Mapping[str, str] = field(repr=False)
    token: str = field(repr=False)
    problem: str

    @property
    def told(self) -> str:
        """What its user should know."""
        return (
            f"cannot be taken up: {self.problem}; it goes on, and nobody looks after it. Mend that (it is "
            f"tried again), or use `nightshift serve update` or `serve down`"
        )

    def spec_to_end(self) -> ServiceSpec:
        """Return as much of its spec as its end needs."""
        service = self._section()
        is_local = service is None or bool(service.get("engine"))
        desired = self.fleet.service.desired
        return ServiceSpec(
            name=self.fleet.service.name,
            provider=ProviderName.LOCAL if is_local else ProviderName.SKYPILOT,
            engine=LocalEngine(Engine.EMULATED) if is_local else SkyTask({}, 1),
            places=tuple(Placeable(region) for region in _regions(self.fleet.of(Kind.REPLICA))),
            scaling=Scaling(desired, desired),
            balancers=tuple(BalancerPlace(region) for region in _regions(self.fleet.of(Kind.BALANCER))),
            hosted_zone=None if is_local or service is None else self._zone(service),
        )

    def _section(self) -> Mapping[str, Any] | None:
        """Return the file's `service` section, whatever is in it."""
        return _mapping_in(self._file(), "service")

    def _file(self) -> object:
        with contextlib.suppress(yaml.YAMLError):
            return yaml.safe_load(self.text)
        return None

    def _zone(self, service: Mapping[str, Any]) -> str | None:
        written = _mapping_in(self._file(), "envs") or {}
        zone = Template(str(service.get("route53_hosted_zone"))).safe_substitute({**written, **self.envs})
        return zone if is_zone(zone) else None

    def view(self, now: float) -> dict[str, Any]:
        """Return what `status` shows: the keys of `service_view`, as far as they are known."""
        service = self.fleet.service
        scheme = "https" if (self._section() or {}).get("tls") else "http"
        here = [row for row in self.fleet.of(Kind.BALANCER) if row.gone is None]
        balancers = [{**unit_view(row), "scheme": scheme} for row in here]
        endpoints = {row.region: f"{scheme}://{row.address}" for row in here if row.state is State.READY}
        replicas = [unit_view(row) for row in self.fleet.of(Kind.REPLICA) if row.gone is None]
        return {
            "name": service.name,
            "provider": self.spec_to_end().provider.value,
            "engine": {"text": "not known", "emulated": False, "speed": 1.0},
            "wan": None,
            "version": service.version,
            "uptime_s": round(now - service.created, 1),
            "status": ServiceState.FAILED.value,
            "replicas_ready": sum(one["status"] == State.READY for one in replicas),
            "replicas_total": service.desired,
            "balancers_ready": len(endpoints),
            "balancers_total": len(balancers),
            "endpoint": next(iter(endpoints.values()), "-").rpartition("://")[2],
            "endpoints": endpoints,
            **dict.fromkeys(
                ("autoscaling_policy", "load_balancing_policy", "system", "requested_resources"), "-"
            ),
            "problem": self.told,
            "prefix_hit_rate": None,
            "replicas": replicas,
            "balancers": balancers,
            "baselines": [],
        }


def _mapping_in(data: object, key: str) -> Mapping[str, Any] | None:
    value = data.get(key) if isinstance(data, Mapping) else None
    return value if isinstance(value, Mapping) else None


def _regions(rows: list[UnitRow]) -> list[str]:
    """Return a region for every place that one of the rows has."""
    known = {row.place: row.region for row in rows}
    return [known.get(place, "-") for place in range(max(known, default=-1) + 1)]
