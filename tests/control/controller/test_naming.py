"""The name of a service follows its balancers."""

import asyncio
from collections.abc import Sequence

from nightshift.control.controller.naming import Naming
from nightshift.control.dns.base import DnsError, Record
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Kind


class FakeDns:
    """See `dns.base.Dns`."""

    def __init__(self) -> None:
        self.published: list[tuple[Record, ...]] = []
        self.broken = False

    def name_of(self, service: str) -> str:
        return f"{service}.example.com"

    async def check(self, service: str, regions: Sequence[str]) -> None:
        pass

    async def publish(self, service: str, records: Sequence[Record]) -> str:
        if self.broken:
            raise DnsError("the zone is gone")
        self.published.append(tuple(records))
        return self.name_of(service)

    async def forget(self, service: str, region: str) -> None:
        pass

    async def withdraw(self, service: str) -> None:
        self.published.append(())


def balancer(number: int, region: str) -> UnitRow:
    return UnitRow(
        name=f"svc-b{number}",
        service="svc",
        kind=Kind.BALANCER,
        number=number,
        version=1,
        region=region,
        place=number - 1,
        state=State.READY,
        since=0.0,
        launched=0.0,
        address=f"10.0.0.{number}:8000",
    )


def test_each_change_is_told_once_and_a_dead_balancer_is_forgotten() -> None:
    async def scene() -> None:
        dns, now = FakeDns(), [0.0]
        naming = Naming(dns, "svc", lambda: now[0])
        us, eu = balancer(1, "us-east-2"), balancer(2, "eu-central-1")
        for rows in ([us, eu], [us, eu], [us], [us]):
            naming.keep(rows, tls=False)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        whole = (Record("us-east-2", "10.0.0.1"), Record("eu-central-1", "10.0.0.2"))
        assert dns.published == [whole, whole[:1]]
        await naming.withdraw()
        assert dns.published[-1] == ()

    asyncio.run(scene())


def test_a_failure_is_shown_and_tried_again_later() -> None:
    async def scene() -> None:
        dns, now = FakeDns(), [0.0]
        naming = Naming(dns, "svc", lambda: now[0])
        dns.broken = True
        naming.keep([balancer(1, "us-east-2")], tls=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert naming.problem == "DNS: the zone is gone"
        dns.broken = False
        naming.keep([balancer(1, "us-east-2")], tls=True)
        await asyncio.sleep(0)
        assert dns.published == []
        now[0] = 60.0
        naming.keep([balancer(1, "us-east-2")], tls=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert dns.published == [(Record("us-east-2", "10.0.0.1", tls=True),)]
        assert naming.problem == ""

    asyncio.run(scene())


def test_a_service_without_a_zone_has_no_name() -> None:
    async def scene() -> None:
        naming = Naming(None, "svc", lambda: 0.0)
        naming.keep([balancer(1, "us-east-2")], tls=False)
        await naming.withdraw()

    asyncio.run(scene())
