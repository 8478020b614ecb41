"""What cannot be published is said before anything is launched, with its mend."""

import asyncio

import pytest
from tests.control.dns.conftest import Aws

from nightshift.control.dns.base import DnsError, Record
from nightshift.control.dns.route53 import Route53


def refused(dns: Route53, *regions: str) -> str:
    with pytest.raises(DnsError) as caught:
        asyncio.run(dns.check("svc", regions or ["us-east-2"]))
    return str(caught.value)


def at(aws: Aws, zone: str = "example.org") -> Route53:
    return Route53(zone, endpoint_url=aws.url, attempts=1)


def test_a_zone_that_is_missing_lists_those_there_are(aws: Aws) -> None:
    aws.add_zone("example.net")
    said = refused(at(aws, "example.com"))
    assert "no public hosted zone example.com" in said
    assert "there are: example.net, example.org" in said


def test_a_private_zone_is_of_no_use(aws: Aws) -> None:
    aws.add_zone(
        "inside.org", HostedZoneConfig={"PrivateZone": True}, VPC={"VPCRegion": "us-east-1", "VPCId": "v"}
    )
    assert "is private" in refused(at(aws, "inside.org"))


def test_two_zones_of_one_name_are_ambiguous(aws: Aws) -> None:
    aws.add_zone("example.org")
    assert "2 public hosted zones" in refused(at(aws))


@pytest.mark.parametrize(
    ("kind", "value", "more"),
    [
        ("A", "1.2.3.4", {}),
        ("CNAME", "elsewhere.example.net", {}),
        ("A", "1.2.3.4", {"Region": "us-east-2", "SetIdentifier": "svc-us-east-2"}),
    ],
)
def test_a_record_that_is_not_ours_is_left_alone(
    aws: Aws, kind: str, value: str, more: dict[str, str]
) -> None:
    aws.add(Name="svc.example.org", Type=kind, ResourceRecords=[{"Value": value}], **more)
    before = aws.records()
    assert "not this service's" in refused(at(aws))
    with pytest.raises(DnsError, match="not this service's"):
        asyncio.run(at(aws).publish("svc", [Record("us-east-2", "3.3.3.3")]))
    asyncio.run(at(aws).withdraw("svc"))
    assert aws.records() == before
    assert aws.checks() == []


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/hostedzone", "ListHostedZones"),
        ("GET", "/rrset", "ListResourceRecordSets"),
        ("GET", "/healthcheck", "ListHealthChecks"),
        ("POST", "/rrset", "ChangeResourceRecordSets"),
        ("DELETE", "/healthcheck", "DeleteHealthCheck"),
    ],
)
def test_a_permission_that_is_missing_is_named(aws: Aws, method: str, path: str, action: str) -> None:
    aws.gate.refuse(method, path, "AccessDenied")
    assert f"may not do route53:{action}" in refused(at(aws))


def test_credentials_that_are_missing_or_wrong(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.gate.refuse("GET", "/hostedzone", "InvalidClientTokenId")
    assert "does not accept these credentials" in refused(at(aws))
    for name, value in {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        "AWS_CONFIG_FILE": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert "aws configure" in refused(at(aws))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "list-profiles" in refused(at(aws))


def test_regions_are_those_of_aws_and_each_once(aws: Aws) -> None:
    assert "us-central1 is none of" in refused(at(aws), "us-central1")
    assert "two balancers in us-east-2" in refused(at(aws), "us-east-2", "us-east-2")


def test_a_name_of_a_host_is_no_address(aws: Aws) -> None:
    with pytest.raises(DnsError, match="IP address"):
        asyncio.run(at(aws).publish("svc", [Record("us-east-2", "lb.example.org")]))
    assert aws.checks() == []


def test_a_server_that_does_not_answer(aws: Aws) -> None:
    dns = Route53("example.org", endpoint_url="http://127.0.0.1:9", attempts=1)
    assert "127.0.0.1:9" in refused(dns)
