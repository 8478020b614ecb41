"""The health checks of a service's balancers: made, changed and found again.

A check is ours by its caller reference, which is set with its making and cannot change: a hash of the name,
the region, and a random part, because Route53 takes no reference twice, not even that of a deleted check.
Tags say the same to people.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from nightshift.control.dns.base import Record

_INTERVAL_S = 30  # 10 costs more; with three failures a dead balancer is out of the answers after 90 s
_FAILURES = 3


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One that is there. `config` is Route53's."""

    id: str
    region: str
    config: dict[str, Any]


def ours(client: Any, name: str) -> list[HealthCheck]:  # noqa: ANN401 - boto3 has no types
    """Return the checks that were made for `name`."""
    prefix = _prefix(name)
    return [
        HealthCheck(check["Id"], check["CallerReference"][len(prefix) :].rpartition("-")[0], config)
        for page in client.get_paginator("list_health_checks").paginate()
        for check in page["HealthChecks"]
        if check["CallerReference"].startswith(prefix) and (config := check["HealthCheckConfig"])
    ]


def ensured(client: Any, name: str, record: Record, there: list[HealthCheck]) -> str:  # noqa: ANN401
    """Return the id of a check of `record`: one of those that are there, changed if need be, or a new one."""
    wanted = _config(record)
    usable = [
        check for check in there if check.region == record.region and check.config["Type"] == wanted["Type"]
    ]
    if not usable:
        return _created(client, name, record, wanted)
    check = usable[0]
    changed = {key: value for key, value in wanted.items() if check.config.get(key) != value}
    if changed:
        client.update_health_check(HealthCheckId=check.id, **_changeable(wanted))
    return check.id


def delete(client: Any, checks: list[HealthCheck]) -> None:  # noqa: ANN401
    """Delete checks; one that is gone already is fine."""
    for check in checks:
        try:
            client.delete_health_check(HealthCheckId=check.id)
        except client.exceptions.NoSuchHealthCheck:
            continue


def _created(client: Any, name: str, record: Record, config: dict[str, Any]) -> str:  # noqa: ANN401
    reference = f"{_prefix(name)}{record.region}-{secrets.token_hex(4)}"
    made = client.create_health_check(CallerReference=reference, HealthCheckConfig=config)
    id_ = str(made["HealthCheck"]["Id"])
    tags = {"Name": f"{name} {record.region}", "nightshift-service": name, "nightshift-region": record.region}
    client.change_tags_for_resource(
        ResourceType="healthcheck",
        ResourceId=id_,
        AddTags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    return id_


def _config(record: Record) -> dict[str, Any]:
    # Over TLS Route53 checks no certificate, so the address alone is enough.
    return {
        "Type": "HTTPS" if record.tls else "HTTP",
        "IPAddress": record.address,
        "Port": record.port,
        "ResourcePath": record.path,
        "RequestInterval": _INTERVAL_S,
        "FailureThreshold": _FAILURES,
    }


def _changeable(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in ("Type", "RequestInterval")}


def _prefix(name: str) -> str:
    """A reference has 64 characters at most: 11 + 20 + 1, then up to 23 for the region, and 9."""
    return f"nightshift-{hashlib.sha256(name.encode()).hexdigest()[:20]}-"
