"""The original's form of a service file: a SkyPilot task with `service:`, as a `ServiceSpec`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nightshift.control.autoscaling import UNSUPPORTED
from nightshift.control.local.plan import DEFAULT_PROFILE, Engine, WanPlan
from nightshift.control.service.balancer_keys import balancer_settings
from nightshift.control.service.balancers import balancers
from nightshift.control.service.faults import Fault
from nightshift.control.service.places import ROOT, common, engine_port, places
from nightshift.control.service.section import Probe, Section
from nightshift.control.service.spec import (
    LocalEngine,
    Placeable,
    ProviderName,
    Readiness,
    Scaling,
    ServiceSpec,
    SkyTask,
)
from nightshift.control.service.systems import chosen
from nightshift.control.service.task import Task
from nightshift.control.up.servicefile import Wan
from nightshift.errors import UserError
from nightshift.wan.matrix import load_matrix

EVERYBODY_ELSE = "*"
"""The tenant of `residency` that stands for all that have no entry."""


class TaskFile(Task):
    """A whole file: the task, and its section."""

    service: Section
    """What makes the task a service."""


def service_of(
    file: TaskFile, raw: Mapping[str, object], *, name: str, envs: Mapping[str, str], folder: Path
) -> tuple[ServiceSpec, tuple[str, ...]]:
    """Return the service, and what to tell of it. Raises `Fault`.

    `raw` is what `file` was checked from: of a task, what is not needed here goes on as it stands there.
    """
    section = file.service
    resources = raw.get("resources") or {}
    assert isinstance(resources, Mapping)  # noqa: S101 - the model has checked it
    found = places(resources)
    engine = _local(section) if section.engine else _sky(raw, resources, found, section)
    is_local = isinstance(engine, LocalEngine)
    system = chosen(section, envs)
    stand, notes = balancers(section, found, system.switches)
    spec = ServiceSpec(
        name=name,
        provider=ProviderName.LOCAL if is_local else ProviderName.SKYPILOT,
        engine=engine,
        places=tuple(Placeable(place.region) for place in found) if is_local else found,
        scaling=_scaling(section),
        balancers=stand,
        switches=system.switches,
        system=system.system,
        policy=system.switches.peer_policy,
        readiness=_readiness(section.readiness_probe),
        drain_s=section.drain_seconds,
        hosted_zone=None if is_local else section.route53_hosted_zone,
        residency={tenant: tuple(regions) for tenant, regions in (section.residency or {}).items()},
        balancer_settings=balancer_settings(section, folder),
        envs=envs,
    )
    _check_residency(spec)
    return _with_wan(spec, section), (*notes, *system.notes, *_told(section, spec))


def _local(section: Section) -> LocalEngine:
    return LocalEngine(
        engine=Engine(section.engine or Engine.EMULATED),
        profile=section.profile or DEFAULT_PROFILE,
        model=section.model,
        speed=section.speed,
        seed=section.seed,
    )


def _sky(
    raw: Mapping[str, object], resources: Mapping[str, object], found: tuple[Placeable, ...], section: Section
) -> SkyTask:
    if not str(raw.get("run") or "").strip():
        raise Fault(
            ("run",),
            "this key is missing: the command that starts the engine; or, to run here, `engine` in `service`",
        )
    kept = {key: raw[key] for key in raw if key not in ("name", "envs", "service", "secrets")}
    secrets = raw.get("secrets")
    if isinstance(secrets, Mapping):
        # Those with a value are among the variables; the others are references that SkyPilot resolves.
        secrets = {key: None for key, value in secrets.items() if value is None}
    if secrets:
        kept["secrets"] = secrets
    return SkyTask({**kept, "resources": common(resources)}, engine_port(found, section.ports))


def _scaling(section: Section) -> Scaling:
    policy = section.replica_policy
    if policy is None:
        count = section.replicas or 1
        return Scaling(count, count)
    return Scaling(
        least=policy.min_replicas,
        most=policy.max_replicas or policy.min_replicas,
        target_qps_per_replica=policy.target_qps_per_replica,
        target_queue_s=policy.target_queue_seconds,
        up_delay_s=policy.upscale_delay_seconds,
        down_delay_s=policy.downscale_delay_seconds,
    )


def _readiness(probe: str | Probe) -> Readiness:
    if isinstance(probe, str):
        return Readiness(path=probe)
    return Readiness(
        path=probe.path,
        initial_delay_s=probe.initial_delay_seconds,
        timeout_s=probe.timeout_seconds,
        post_data=probe.post_data,
        headers=probe.headers or {},
        interval_s=probe.endpoint_probe_interval_seconds,
        failing_s=probe.consecutive_failure_threshold_timeout,
    )


def _check_residency(spec: ServiceSpec) -> None:
    served = [place.region for place in spec.places]
    for tenant, regions in spec.residency.items():
        path = ("service", "residency", tenant)
        for number, region in enumerate(regions):
            if region not in spec.regions:
                raise Fault((*path, number), f"found {region!r}, allowed: {', '.join(spec.regions)}")
            if region in regions[:number]:
                raise Fault((*path, number), f"{region} a second time")
        if not set(regions) & set(served):
            raise Fault(path, f"none of these regions has replicas; those that have: {', '.join(served)}")


def _with_wan(spec: ServiceSpec, section: Section) -> ServiceSpec:
    wan = section.wan if "wan" in section.model_fields_set else Wan()
    if not section.engine or wan is None or len(spec.regions) < 2:
        return spec
    matrix = load_matrix(wan.matrix)
    for here in spec.regions:
        for there in spec.regions:
            try:
                matrix.one_way_s(here, there)
            except UserError as error:
                path = ("service", "wan") if "wan" in section.model_fields_set else ROOT
                raise Fault(path, f"{error}; or set `wan: none` in `service`") from error
    return replace(spec, wan=WanPlan(wan.matrix, wan.jitter_ms, wan.bandwidth_mbit_s))


def _told(section: Section, spec: ServiceSpec) -> tuple[str, ...]:
    notes: list[str] = []
    if section.replicas is None and section.replica_policy is None:
        notes.append("neither replicas nor replica_policy is given: there is 1 replica")
    empty = spec.places[spec.scaling.most :]
    if empty:
        names = ", ".join(place.region for place in empty)
        notes.append(
            f"at most {spec.scaling.most} replica{'s' if spec.scaling.most > 1 else ''} "
            f"for {len(spec.places)} places: none goes to {names}"
        )
    if section.engine and section.route53_hosted_zone:
        notes.append("route53_hosted_zone has no effect: on this machine no DNS is needed")
    if section.load_balancer and section.load_balancer.stream_timeout_seconds:
        notes.append(
            "load_balancer.stream_timeout_seconds has no effect: what an answer may take is said by `limits` "
            "(first_byte_s, between_chunks_s, total_s)"
        )
    for key, advice in UNSUPPORTED.items():
        if getattr(section.replica_policy, key, None):
            notes.append(f"replica_policy.{key} has no effect: {advice}")
    return tuple(notes)
