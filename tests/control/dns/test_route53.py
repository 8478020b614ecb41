"""A service's name in Route53, as moto serves it over HTTP."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from tests.control.dns.conftest import Aws

from nightshift.control.dns.base import Dns, DnsError, Record
from nightshift.control.dns.route53 import Route53

OHIO = Record("us-east-2", "3.135.193.32")
TOKYO = Record("ap-northeast-1", "3.113.16.187")


@pytest.fixture
def dns(aws: Aws) -> Dns:
    return Route53("example.org", endpoint_url=aws.url, attempts=3)


def do(*steps: Coroutine[Any, Any, object]) -> None:
    async def one_by_one() -> None:
        for step in steps:
            await step

    asyncio.run(one_by_one())


def test_each_region_has_a_record_with_a_health_check(aws: Aws, dns: Dns) -> None:
    do(dns.check("svc", ["us-east-2", "ap-northeast-1"]), dns.publish("svc", [OHIO, TOKYO]))
    assert dns.name_of("svc") == "svc.example.org"
    checks = {check["Id"]: check["HealthCheckConfig"] for check in aws.checks()}
    records = {record["Region"]: record for record in aws.records()}
    assert set(records) == {"us-east-2", "ap-northeast-1"}
    ohio = records["us-east-2"]
    assert (ohio["Name"], ohio["Type"], ohio["TTL"]) == ("svc.example.org.", "A", 30)
    assert (ohio["SetIdentifier"], ohio["ResourceRecords"]) == ("svc-us-east-2", [{"Value": "3.135.193.32"}])
    config = checks[ohio["HealthCheckId"]]
    assert (config["Type"], config["IPAddress"], config["Port"]) == ("HTTP", "3.135.193.32", 8000)
    assert (config["ResourcePath"], config["FailureThreshold"]) == ("/health", 3)
    tags = aws.client.list_tags_for_resource(ResourceType="healthcheck", ResourceId=ohio["HealthCheckId"])
    assert {"Key": "nightshift-service", "Value": "svc.example.org"} in tags["ResourceTagSet"]["Tags"]


def test_all_records_are_changed_in_one_call(aws: Aws, dns: Dns) -> None:
    do(dns.publish("svc", [OHIO, TOKYO]))
    assert sum(call.startswith("POST") and "rrset" in call for call in aws.gate.calls) == 1


def test_publishing_again_changes_nothing(aws: Aws, dns: Dns) -> None:
    do(dns.publish("svc", [OHIO, TOKYO]))
    before = (aws.records(), aws.checks())
    made = len(aws.gate.calls)
    do(dns.publish("svc", [TOKYO, OHIO]), dns.check("svc", ["us-east-2"]))
    writes = [call for call in aws.gate.calls[made:] if not call.startswith("GET")]
    assert len(writes) == 2, "only the questions of `check`, which name things that are not there"
    assert (aws.records(), aws.checks()) == before


def test_another_address_keeps_the_health_check(aws: Aws, dns: Dns) -> None:
    do(dns.publish("svc", [OHIO]))
    before = aws.checks()[0]["Id"]
    do(dns.publish("svc", [Record("us-east-2", "3.1.1.1", port=8443)]))
    [check], [record] = aws.checks(), aws.records()
    assert check["Id"] == record["HealthCheckId"] == before
    assert (check["HealthCheckConfig"]["IPAddress"], check["HealthCheckConfig"]["Port"]) == ("3.1.1.1", 8443)
    assert record["ResourceRecords"] == [{"Value": "3.1.1.1"}]


def test_tls_needs_another_health_check(aws: Aws, dns: Dns) -> None:
    do(dns.publish("svc", [OHIO]), dns.publish("svc", [Record("us-east-2", "3.135.193.32", tls=True)]))
    [check], [record] = aws.checks(), aws.records()
    assert check["HealthCheckConfig"]["Type"] == "HTTPS"
    assert record["HealthCheckId"] == check["Id"]


def test_ipv6_and_a_region_that_is_no_longer_there(aws: Aws, dns: Dns) -> None:
    do(dns.publish("svc", [OHIO, TOKYO]), dns.publish("svc", [Record("us-east-2", "2600:1f16::1")]))
    [record] = aws.records()
    assert (record["Type"], record["Region"]) == ("AAAA", "us-east-2")
    assert len(aws.checks()) == 1


def test_withdrawing_leaves_nothing_and_touches_nothing_else(aws: Aws, dns: Dns) -> None:
    aws.add(Name="www.example.org", Type="A", ResourceRecords=[{"Value": "1.2.3.4"}])
    aws.add(Name="svc.example.org", Type="TXT", ResourceRecords=[{"Value": '"mine"'}])
    aws.client.create_health_check(CallerReference="someone's", HealthCheckConfig={"Type": "CALCULATED"})
    before = (aws.records(), aws.checks())
    do(dns.publish("svc", [OHIO, TOKYO]), dns.publish("other", [OHIO]))
    do(dns.withdraw("svc"))
    assert {record.get("SetIdentifier") for record in aws.records()} == {None, "other-us-east-2"}
    do(dns.withdraw("svc"), dns.withdraw("other"), dns.withdraw("never-was"))
    assert (aws.records(), aws.checks()) == before


def test_the_region_of_a_dead_balancer_is_forgotten(aws: Aws, dns: Dns) -> None:
    do(dns.publish("svc", [OHIO, TOKYO]), dns.forget("svc", "us-east-2"), dns.forget("svc", "us-east-2"))
    assert [record["Region"] for record in aws.records()] == ["ap-northeast-1"]
    assert len(aws.checks()) == 1


def test_a_crash_between_the_health_check_and_the_record_is_mended(aws: Aws, dns: Dns) -> None:
    aws.gate.refuse("POST", "rrset", "AccessDenied", times=1)
    with pytest.raises(DnsError):
        do(dns.publish("svc", [OHIO]))
    assert (len(aws.checks()), aws.records()) == (1, [])
    do(dns.publish("svc", [OHIO]))
    assert (len(aws.checks()), len(aws.records())) == (1, 1)


def test_what_was_begun_and_never_published_is_withdrawn(aws: Aws, dns: Dns) -> None:
    aws.gate.refuse("POST", "rrset", "AccessDenied", times=1)
    with pytest.raises(DnsError):
        do(dns.publish("svc", [OHIO]))
    do(dns.withdraw("svc"))
    assert (aws.checks(), aws.records()) == ([], [])


def test_throttled_calls_are_repeated(aws: Aws, dns: Dns) -> None:
    aws.gate.refuse("GET", "healthcheck", "Throttling", times=2)
    do(dns.publish("svc", [OHIO]))
    assert len(aws.records()) == 1
    aws.gate.refuse("GET", "hostedzone", "Throttling")
    with pytest.raises(DnsError, match="fewer calls"):
        do(dns.publish("svc", [TOKYO]))
