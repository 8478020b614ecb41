"""What the controller wants of a name service. Everything may be called again after any crash.

A service has one name, `<service>.<zone>`, with a record for each region that has a balancer. Clients get the
record of the region that is nearest to them in latency and whose health check is good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nightshift.errors import UserError


class DnsError(UserError):
    """The name cannot be as the service wants it. The message names the cause and the fix."""


@dataclass(frozen=True, slots=True)
class Record:
    """A balancer to be found under the service's name, and how one knows that it is well."""

    region: str
    address: str
    """Its public IPv4 or IPv6 address."""
    port: int = 8000
    path: str = "/health"
    tls: bool = False


class Dns(Protocol):
    """See the head of the file. Every method raises `DnsError`, and does not block the event loop."""

    def name_of(self, service: str) -> str:
        """Return the name that clients use, without a port."""

    async def check(self, service: str, regions: Sequence[str]) -> None:
        """Check, before anything is launched, that the name can be published. Changes nothing."""

    async def publish(self, service: str, records: Sequence[Record]) -> str:
        """Let the name have these records and no others; return the name.

        What is so already is left alone. Without records it is `withdraw`.
        """

    async def forget(self, service: str, region: str) -> None:
        """Remove the record of a region whose balancer is gone."""

    async def withdraw(self, service: str) -> None:
        """Remove all records of the name that `publish` made, and their health checks; nothing else."""
