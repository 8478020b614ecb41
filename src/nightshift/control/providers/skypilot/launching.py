"""To launch a unit once. What counts is what SkyPilot knows; a record only spares the questions.

So a controller may die anywhere: before SkyPilot took the launch (then nothing is there), before its id was
written (then the launch is found by its cluster), and whatever becomes of the records.
"""

from dataclasses import replace

from nightshift.control.providers.base import Order
from nightshift.control.providers.skypilot.names import cluster_name
from nightshift.control.providers.skypilot.records import Records, UnitRecord
from nightshift.control.providers.skypilot.sdk import Sky
from nightshift.control.providers.skypilot.source import nightshift_source
from nightshift.control.providers.skypilot.tasks import port_of, task_of


def launch(sky: Sky, records: Records, order: Order, source: str | None) -> None:
    """Begin to launch a unit, unless it is there in whatever phase. Blocks; once at a time for each unit."""
    known = records.find(order.name)
    if known and known.request:
        return
    cluster = cluster_name(order.name)
    record = UnitRecord(order.name, order.service, order.kind, order.region, port_of(order))
    if under_way := sky.launching().get(cluster):
        records.write(replace(record, request=under_way))
        return
    if _was_started(sky, order.name):
        records.write(replace(record, was_up=True))
        return
    task = task_of(order, nightshift_source(source))
    records.write(record)
    try:
        records.write(replace(record, request=sky.launch(task, cluster)))
    except Exception:  # whatever it was: nothing was launched, so nothing is remembered; raised again
        records.remove(order.name)
        raise


def _was_started(sky: Sky, name: str) -> bool:
    """Tell whether a unit's command was given to its cluster, or may have been.

    A cluster that nobody launches any more and that has no such job is one whose launch was cut off: launched
    again, SkyPilot goes on with it.
    """
    cluster = cluster_name(name)
    there = sky.clusters([cluster]).get(cluster)
    if there is None:
        return False
    status = str(there["status"].value)
    if status == "UP":
        return sky.job(cluster, name) is not None
    return status != "INIT" or bool(there.get("cluster_ever_up"))
