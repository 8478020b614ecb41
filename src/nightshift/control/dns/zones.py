"""Which hosted zone a name goes into, and what stands at the name already."""

from collections.abc import Iterator
from typing import Any

from nightshift.control.dns.base import DnsError

_IN_THE_WAY = {"A", "AAAA", "CNAME"}


def zone_id(client: Any, zone: str) -> str:  # noqa: ANN401 - boto3 has no types
    """Return the id of the public hosted zone `zone`. Raises `DnsError`, which lists those there are."""
    public: list[tuple[str, str]] = []
    private: list[str] = []
    for page in client.get_paginator("list_hosted_zones").paginate():
        for entry in page["HostedZones"]:
            name = entry["Name"].rstrip(".")
            if entry.get("Config", {}).get("PrivateZone"):
                private.append(name)
            else:
                public.append((name, entry["Id"]))
    found = [id_ for name, id_ in public if name == zone.rstrip(".").lower()]
    if len(found) == 1:
        return found[0]
    if found:
        raise DnsError(f"Route53 has {len(found)} public hosted zones {zone}; delete those that are not used")
    if zone.rstrip(".") in private:
        raise DnsError(
            f"the hosted zone {zone} is private, and clients could not look it up; use a public one"
        )
    there = ", ".join(sorted({name for name, _ in public})) or "none"
    raise DnsError(
        f"Route53 has no public hosted zone {zone} with these credentials; there are: {there}. "
        "Create it, or name one of those in `route53_hosted_zone`"
    )


def records_at(client: Any, zone: str, name: str) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return the records at `name` that answer, or forbid, a question for an address."""
    return [record for record in _all_at(client, zone, name) if record["Type"] in _IN_THE_WAY]


def _all_at(client: Any, zone: str, name: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    pages = client.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, StartRecordName=name
    )
    for page in pages:
        for record in page["ResourceRecordSets"]:
            if record["Name"].rstrip(".").lower() != name.lower():
                return  # they come in the order of their names
            yield record
