"""What a cluster, its job and its launch say together, as a unit."""

from typing import Any

from nightshift.control.providers.base import Kind, Phase, Unit
from nightshift.control.providers.skypilot.failures import provider_error
from nightshift.control.providers.skypilot.names import cluster_name
from nightshift.control.providers.skypilot.records import Records, UnitRecord
from nightshift.control.providers.skypilot.sdk import Sky
from nightshift.control.providers.skypilot.tasks import ADMIN_PORT


def unit_of(sky: Sky, records: Records, record: UnitRecord, cluster: Any) -> Unit:  # noqa: ANN401
    """Return the unit of a record and of its cluster, or None in its place. Blocks."""
    if cluster is None:
        return _gone(sky, record)
    shown = {"zone": _zone(cluster), "resources": str(cluster.get("resources_str") or "1x cluster")}
    status = str(cluster["status"].value)
    if status == "UP":
        return _up(sky, records, record, shown)
    if status in ("STOPPED", "AUTOSTOPPING"):
        return _unit(record, Phase.STOPPED, problem="its machine was stopped", **shown)
    launch = _launch(sky, record)
    if launch.phase is Phase.LAUNCHING and cluster.get("init_kind") == "unhealthy":
        why = cluster.get("init_status_reason") or "some of it is gone"
        return _unit(record, Phase.STOPPED, problem=f"its machine is not well: {why}", **shown)
    return _unit(record, launch.phase, problem=launch.problem, **shown)


def _up(sky: Sky, records: Records, record: UnitRecord, shown: dict[str, str]) -> Unit:
    cluster = cluster_name(record.name)
    job = sky.job(cluster)
    if job in (None, "INIT", "PENDING", "SETTING_UP"):
        launch = _launch(sky, record)
        return _unit(record, launch.phase, problem=launch.problem, **shown)
    if job == "FAILED_SETUP":
        return _unit(record, Phase.FAILED, problem="its `setup` failed; its log says where", **shown)
    if job != "RUNNING":
        return _unit(record, Phase.STOPPED, problem=f"its command has ended ({job}); see its log", **shown)
    address = sky.endpoint(cluster, record.port) if record.port else None
    is_balancer = record.kind is Kind.BALANCER
    admin = sky.endpoint(cluster, ADMIN_PORT) if is_balancer else None
    records.seen_up(record)
    if address == "":
        return _unit(record, Phase.LAUNCHING, **shown)
    return _unit(record, Phase.RUNNING, address=address, admin=admin or None, **shown)


def _gone(sky: Sky, record: UnitRecord) -> Unit:
    launch = _launch(sky, record)
    if launch.phase is Phase.FAILED:
        return launch
    if record.was_up or (record.request and sky.request(record.request) == "SUCCEEDED"):
        problem = "its machine is gone: taken away by the cloud (preempted), or ended by hand"
        return _unit(record, Phase.STOPPED, problem=problem)
    return launch


def _launch(sky: Sky, record: UnitRecord) -> Unit:
    """Return the unit as its launch alone would have it: LAUNCHING, or FAILED with the reason."""
    state = sky.request(record.request) if record.request else "PENDING"
    if state in ("FAILED", "CANCELLED") and (error := sky.failure(record.request)):
        return _unit(record, Phase.FAILED, problem=str(provider_error(record.name, error)))
    return _unit(record, Phase.LAUNCHING)


def _unit(record: UnitRecord, phase: Phase, **more: Any) -> Unit:  # noqa: ANN401 - fields of Unit
    return Unit(record.name, record.kind, record.region, phase, **more)


def _zone(cluster: Any) -> str:  # noqa: ANN401
    resources = getattr(cluster.get("handle"), "launched_resources", None)
    return str(getattr(resources, "zone", None) or "")
