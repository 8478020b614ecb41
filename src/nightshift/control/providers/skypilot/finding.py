"""Which units of a service there are: what the records say, and what SkyPilot knows without them."""

from dataclasses import replace
from typing import Any

from nightshift.control.providers.skypilot.names import cluster_name, service_and_kind, unit_name
from nightshift.control.providers.skypilot.records import Records, UnitRecord
from nightshift.control.providers.skypilot.sdk import Sky


def found_units(sky: Sky, records: Records, service: str, *, refresh: bool) -> list[tuple[UnitRecord, Any]]:
    """Return the units of a service with their clusters, None in the place of one that is not there. Blocks.

    Launches are asked for first: one that ends between the two questions is then a cluster.
    """
    launching = sky.launching()
    clusters = sky.clusters()
    found = {record.name: _with_request(records, record, launching) for record in records.of(service)}
    for cluster in {**launching, **clusters}:
        unit = unit_name(cluster)
        said = service_and_kind(unit) if unit and unit not in found else None
        if unit and said and said[0] == service:  # its record was lost
            there = clusters.get(cluster) or {}
            found[unit] = UnitRecord(
                name=unit,
                service=service,
                kind=said[1],
                region=str(there.get("region") or ""),
                port=None,
                request=launching.get(cluster, ""),
                was_up=bool(there.get("cluster_ever_up")),
            )
    ours = [cluster_name(unit) for unit in found if cluster_name(unit) in clusters]
    if refresh and ours:
        clusters = sky.clusters(ours, refresh=True)
    return [(record, clusters.get(cluster_name(unit))) for unit, record in found.items()]


def _with_request(records: Records, record: UnitRecord, launching: dict[str, str]) -> UnitRecord:
    """Note the launch of a unit whose controller died before it could."""
    request = "" if record.request else launching.get(cluster_name(record.name), "")
    if not request:
        return record
    noted = replace(record, request=request)
    return records.write(noted) if records.find(record.name) else noted
