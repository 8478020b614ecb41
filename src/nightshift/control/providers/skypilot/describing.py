"""What a cluster, its job and its launch say together, as a unit."""

from dataclasses import replace
from typing import Any

from nightshift.control.providers.base import Kind, Phase, Unit
from nightshift.control.providers.skypilot.failures import provider_error
from nightshift.control.providers.skypilot.names import cluster_name
from nightshift.control.providers.skypilot.ports import port_there
from nightshift.control.providers.skypilot.records import Records, UnitRecord
from nightshift.control.providers.skypilot.sdk import Sky
from nightshift.control.providers.skypilot.tasks import ADMIN_PORT

_GONE = "its machine is gone: taken away by the cloud (preempted), or ended by hand"
_CUT_OFF = "its launch was cut off: SkyPilot does not go on with it (its API server was started anew?)"
_NO_JOB = "it was launched, but its command is not among the jobs of its cluster"
_NO_PORT = "its port is not known: its record was lost, and its cluster has several or none"


def unit_of(sky: Sky, records: Records, record: UnitRecord, cluster: Any) -> Unit | None:  # noqa: ANN401
    """Return the unit of a record and of its cluster, or None in its place. Blocks.

    None for a unit that was to be launched, and of which SkyPilot has nothing: so it is launched again.
    """
    if cluster is None:
        return _gone(sky, records, record)
    shown = {"zone": _zone(cluster), "resources": str(cluster.get("resources_str") or "1x cluster")}
    status = str(cluster["status"].value)
    if status == "UP":
        return _up(sky, records, record, cluster, shown)
    if status in ("STOPPED", "AUTOSTOPPING"):
        return _unit(record, Phase.STOPPED, problem="its machine was stopped", **shown)
    if cluster.get("init_kind") == "unhealthy" and not _is_launching(sky, record):
        why = cluster.get("init_status_reason") or "some of it is gone"
        return _unit(record, Phase.STOPPED, problem=f"its machine is not well: {why}", **shown)
    if record.address:
        return _as_noted(record, "SkyPilot makes its machine anew, or looks after it", **shown)
    launch = _launch(sky, records, record, is_made=bool(cluster.get("cluster_ever_up")))
    return _unit(record, launch.phase, problem=launch.problem, **shown)


def last_known(record: UnitRecord, known: Unit | None, error: Exception) -> Unit:
    """Return a unit of which nothing could be asked just now: as it was."""
    if known is None:
        return _as_noted(record, f"as last noted: {error}")
    return known if known.problem else replace(known, problem=f"as last known: {error}")


def _as_noted(record: UnitRecord, problem: str, **shown: str) -> Unit:
    """Return a unit that cannot be asked, where it was: balancers send nothing to one without an address."""
    phase = Phase.RUNNING if record.address else Phase.LAUNCHING
    there = {"address": record.address or None, "admin": record.admin or None}
    return _unit(record, phase, problem=problem, **there, **shown)


def _up(sky: Sky, records: Records, record: UnitRecord, cluster: Any, shown: dict[str, str]) -> Unit:  # noqa: ANN401
    job = sky.job(cluster_name(record.name), record.name)
    if job in (None, "INIT", "PENDING", "SETTING_UP"):
        launch = _launch(sky, records, record, is_made=True) if job else _without_job(sky, records, record)
        return _unit(record, launch.phase, problem=launch.problem, **shown)
    if job == "FAILED_SETUP":
        return _unit(record, Phase.FAILED, problem="its `setup` failed; its log says where", **shown)
    if job != "RUNNING":
        return _unit(record, Phase.STOPPED, problem=f"its command has ended ({job}); see its log", **shown)
    return _running(sky, records, record, cluster, shown)


def _without_job(sky: Sky, records: Records, record: UnitRecord) -> Unit:
    """Return the unit on a cluster that is up and has no job of it: not yet, or never."""
    has_ended = bool(record.request) and not _is_launching(sky, record)
    launch = _launch(sky, records, record, is_made=False)
    if has_ended and launch.phase is Phase.LAUNCHING and not sky.job(cluster_name(record.name), record.name):
        return _unit(record, Phase.FAILED, problem=_NO_JOB)
    return launch


def _running(sky: Sky, records: Records, record: UnitRecord, cluster: Any, shown: dict[str, str]) -> Unit:  # noqa: ANN401
    name = cluster_name(record.name)
    port = record.port or port_there(record.kind, cluster)
    address = sky.endpoint(name, port) if port else ""
    admin = sky.endpoint(name, ADMIN_PORT) if record.kind is Kind.BALANCER else ""
    if port and not (address or record.address):
        return _unit(record, Phase.LAUNCHING, **shown)  # its port is not open yet
    records.seen_up(record, address, admin)
    return _unit(
        record,
        Phase.RUNNING,
        address=address or record.address or None,
        admin=admin or record.admin or None,
        problem=_NO_PORT if port is None and record.kind is not Kind.CLIENT else "",
        **shown,
    )


def _gone(sky: Sky, records: Records, record: UnitRecord) -> Unit | None:
    if record.was_up:
        return _unit(record, Phase.STOPPED, problem=_GONE)
    if not record.request:
        return None
    if sky.request(record.request) == "SUCCEEDED" and not sky.clusters([cluster_name(record.name)]):
        return _unit(record, Phase.STOPPED, problem=_GONE)  # looked at again: it may have ended in between
    return _launch(sky, records, record, is_made=False)


def _launch(sky: Sky, records: Records, record: UnitRecord, *, is_made: bool) -> Unit:
    """Return the unit as its launch alone would have it: LAUNCHING, or FAILED with the reason.

    `is_made`: there is more of it than a launch, so one that is not known any more has done its work.
    """
    state = sky.request(record.request) if record.request else ""
    if state in ("FAILED", "CANCELLED"):
        error = sky.failure(record.request)
        if error is None:
            return _unit(record, Phase.FAILED, problem=f"{record.name}: its launch failed")
        failure = provider_error(record.name, error)
        return _unit(record, Phase.FAILED, problem=str(failure), permanent=failure.permanent)
    if not state and not is_made and _is_cut_off(sky, records, record):
        return _unit(record, Phase.FAILED, problem=_CUT_OFF)
    return _unit(record, Phase.LAUNCHING)


def _is_launching(sky: Sky, record: UnitRecord) -> bool:
    return bool(record.request) and sky.request(record.request) in ("PENDING", "WAITING", "RUNNING")


def _is_cut_off(sky: Sky, records: Records, record: UnitRecord) -> bool:
    """Look again: a launch may have begun, or have got its id, since the record was read.

    Without its server SkyPilot knows of no request at all; that it answers about clusters shows it is there.
    """
    cluster = cluster_name(record.name)
    sky.clusters([cluster])
    if cluster in sky.launching() or (record.request and sky.request(record.request)):
        return False
    now = records.find(record.name)
    return now is None or now.request == record.request


def _unit(record: UnitRecord, phase: Phase, **more: Any) -> Unit:  # noqa: ANN401 - fields of Unit
    return Unit(record.name, record.kind, record.region, phase, **more)


def _zone(cluster: Any) -> str:  # noqa: ANN401
    resources = getattr(cluster.get("handle"), "launched_resources", None)
    return str(getattr(resources, "zone", None) or "")
