"""The name of a service, kept in step with its balancers: one record for each that is ready.

Like everything of the controller it is a level: what should be published is compared with what was, and told
again after a failure. A service without a zone has no name, and this does nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from math import inf

from nightshift.control.dns.base import Dns, DnsError, Record
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.service.spec import ServiceSpec

_log = logging.getLogger(__name__)

_AGAIN_S = 30.0
"""After a failure. A name service limits how often it is told something (Route53: five times a second)."""

MakeDns = Callable[[str], Dns]
"""Makes the name service of a zone."""


class Naming:
    """The name of one service."""

    def __init__(self, dns: Dns | None, service: str, clock: Callable[[], float]) -> None:
        self._dns = dns
        self._service = service
        self._clock = clock
        self._published: tuple[Record, ...] | None = None
        self._task: asyncio.Task[None] | None = None
        self._not_before = -inf
        self.problem = ""
        """Why the name is not as it should be."""

    async def check(self, spec: ServiceSpec) -> None:
        """Check before anything is launched. Raises `UserError`."""
        if self._dns is not None:
            await self._dns.check(self._service, [place.region for place in spec.balancers])

    def keep(self, balancers: Sequence[UnitRow], *, tls: bool) -> None:
        """Let clients find these balancers, and no others."""
        records = tuple(
            Record(row.region, host, int(port), tls=tls)
            for row in balancers
            for host, _, port in [(row.address or "").rpartition(":")]
            if host
        )
        busy = self._task is not None and not self._task.done()
        if self._dns is None or busy or records == self._published or self._clock() < self._not_before:
            return
        self._task = asyncio.create_task(self._publish(self._dns, records), name=f"dns {self._service}")

    async def withdraw(self) -> None:
        """Let nobody find the service any more. Raises `DnsError`."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._dns is not None:
            await self._dns.withdraw(self._service)
            self._published = ()

    def close(self) -> None:
        """Stop; what is published stays."""
        if self._task is not None:
            self._task.cancel()

    async def _publish(self, dns: Dns, records: tuple[Record, ...]) -> None:
        try:
            name = await dns.publish(self._service, records)
        except DnsError as error:
            self.problem = f"DNS: {error}"
            self._not_before = self._clock() + _AGAIN_S
            _log.warning("%s: %s", self._service, self.problem)
        else:
            self.problem, self._published = "", records
            _log.info("%s: %s has %d records", self._service, name, len(records))
