"""Latency records of Route53, each with a health check.

At the name stands one A (or AAAA) record for each region: routed by latency, 30 s to live, with the set
identifier `<service>-<region>`. A record is ours when its health check is; only such are changed or removed.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from typing import Any

from nightshift.control.dns.base import DnsError, Record
from nightshift.control.dns.failures import told_plainly
from nightshift.control.dns.health_checks import HealthCheck, delete, ensured, ours
from nightshift.control.dns.zones import records_at, zone_id
from nightshift.errors import UserError

TTL_S = 30
_ATTEMPTS = 8


class Route53:
    """See the head of the file. `zone` is a public one; `endpoint_url` and `attempts` are for tests."""

    def __init__(self, zone: str, *, endpoint_url: str | None = None, attempts: int = _ATTEMPTS) -> None:
        self._zone = zone.rstrip(".").lower()
        self._endpoint_url = endpoint_url
        self._attempts = attempts
        self._client: Any = None
        self._turn = asyncio.Lock()  # two changes of one name at once would not know of each other

    def name_of(self, service: str) -> str:
        """Return the name that clients use, without a port."""
        return f"{service}.{self._zone}".lower()

    async def check(self, service: str, regions: Sequence[str]) -> None:
        """Check, before anything is launched, that the name can be published. Changes nothing."""
        async with self._turn:
            await asyncio.to_thread(self._check, service, regions)

    async def publish(self, service: str, records: Sequence[Record]) -> str:
        """Let the name have these records and no others; return the name."""
        async with self._turn:
            await asyncio.to_thread(self._publish, service, records)
        return self.name_of(service)

    async def forget(self, service: str, region: str) -> None:
        """Remove the record of a region whose balancer is gone."""
        async with self._turn:
            await asyncio.to_thread(self._remove, service, region)

    async def withdraw(self, service: str) -> None:
        """Remove all that `publish` made for the service."""
        async with self._turn:
            await asyncio.to_thread(self._remove, service, None)

    # In a thread, from here.

    def _check(self, service: str, regions: Sequence[str]) -> None:
        name = self.name_of(service)
        with told_plainly(f"use {name}"):
            client = self._connected()
            _known(client, regions)
            zone = zone_id(client, self._zone)
            _without_foreign(name, records_at(client, zone, name), ours(client, name))
            _may_write(client, zone, name)

    def _publish(self, service: str, records: Sequence[Record]) -> None:
        name = self.name_of(service)
        with told_plainly(f"publish {name}"):
            client = self._connected()
            _known(client, [record.region for record in records])
            for record in records:
                _type_of(record.address)
            zone = zone_id(client, self._zone)
            checks = ours(client, name)
            there = _without_foreign(name, records_at(client, zone, name), checks)
            wanted = [
                _record_set(service, name, record, ensured(client, name, record, checks))
                for record in records
            ]
            _change(client, zone, _changes(there, wanted))
            used = {record["HealthCheckId"] for record in wanted}
            delete(client, [check for check in checks if check.id not in used])

    def _remove(self, service: str, region: str | None) -> None:
        """Remove one region or all. Records go first: none must name a check that is gone."""
        name = self.name_of(service)
        with told_plainly(f"remove {name}"):
            client = self._connected()
            checks = [check for check in ours(client, name) if region in (None, check.region)]
            if not checks:
                return  # then no record is ours
            ids = {check.id for check in checks}
            zone = zone_id(client, self._zone)
            mine = [r for r in records_at(client, zone, name) if r.get("HealthCheckId") in ids]
            _change(client, zone, [{"Action": "DELETE", "ResourceRecordSet": record} for record in mine])
            delete(client, checks)

    def _connected(self) -> Any:  # noqa: ANN401 - boto3 has no types
        if self._client is None:
            try:
                import boto3
                from botocore.config import Config
            except ImportError as error:
                raise UserError(
                    "DNS needs boto3: pip install 'nightshift[dns]', or '.[dns]' in a clone"
                ) from error
            # Route53 takes five calls a second of an account: those beyond come again, later and later.
            retries = {"mode": "standard", "total_max_attempts": self._attempts}
            config = Config(retries=retries, connect_timeout=10, read_timeout=30)
            # It is one for all regions; a region must be named all the same.
            self._client = boto3.client(
                "route53", region_name="us-east-1", endpoint_url=self._endpoint_url, config=config
            )
        return self._client


def _known(client: Any, regions: Sequence[str]) -> None:  # noqa: ANN401
    known = client.meta.service_model.shape_for("ResourceRecordSetRegion").enum
    for region in regions:
        if region not in known:
            raise DnsError(f"Route53 routes by AWS regions only: {region} is none of {', '.join(known)}")
    if twice := sorted({region for region in regions if list(regions).count(region) > 1}):
        raise DnsError(f"two balancers in {', '.join(twice)}: Route53 takes one record a region")


def _without_foreign(
    name: str, there: list[dict[str, Any]], checks: list[HealthCheck]
) -> list[dict[str, Any]]:
    ids = {check.id for check in checks}
    foreign = [record for record in there if record.get("HealthCheckId") not in ids]
    if not foreign:
        return there
    what = ", ".join(f"{r['Type']} {r.get('SetIdentifier', '')}".strip() for r in foreign)
    raise DnsError(
        f"{name} has records that are not this service's ({what}); delete them in Route53, "
        "or give the service another name"
    )


def _may_write(client: Any, zone: str, name: str) -> None:  # noqa: ANN401
    """Ask to delete what is not there: the permission is looked at before the thing is looked for."""
    nothing = {
        "Name": f"_nightshift-check.{name}",
        "Type": "TXT",
        "TTL": 1,
        "ResourceRecords": [{"Value": '"-"'}],
    }
    try:
        _change(client, zone, [{"Action": "DELETE", "ResourceRecordSet": nothing}])
    except (client.exceptions.InvalidChangeBatch, client.exceptions.InvalidInput):
        pass
    nowhere = HealthCheck("00000000-0000-0000-0000-000000000000", "", {})
    delete(client, [nowhere])


def _type_of(address: str) -> str:
    try:
        version = ipaddress.ip_address(address).version
    except ValueError as error:
        raise DnsError(f"a latency record needs a balancer's IP address, and {address!r} is none") from error
    return "A" if version == 4 else "AAAA"


def _record_set(service: str, name: str, record: Record, health_check: str) -> dict[str, Any]:
    return {
        "Name": f"{name}.",
        "Type": _type_of(record.address),
        "SetIdentifier": f"{service}-{record.region}",
        "Region": record.region,
        "TTL": TTL_S,
        "ResourceRecords": [{"Value": record.address}],
        "HealthCheckId": health_check,
    }


def _changes(there: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what makes one of the other, deletions first. Equal records are left alone."""

    def key(record: dict[str, Any]) -> tuple[str, str]:
        return record["Type"], record["SetIdentifier"]

    keys = {key(record) for record in wanted}
    gone = [record for record in there if key(record) not in keys]
    new = [record for record in wanted if record not in there]
    return [{"Action": "DELETE", "ResourceRecordSet": record} for record in gone] + [
        {"Action": "UPSERT", "ResourceRecordSet": record} for record in new
    ]


def _change(client: Any, zone: str, changes: list[dict[str, Any]]) -> None:  # noqa: ANN401
    """Change all at once: Route53 does all of a batch or nothing."""
    if changes:
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
