"""How near the clients were to their own limits, from the accounts that they leave (`client-<region>.json`).

A figure is that of the worst client: what one client hides, the mean of several hides better. None where no
client tells: in virtual time nobody waits for a processor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ClientLoad:
    """Of the busiest client."""

    client_cpu_share: float | None
    client_lag_p99_s: float | None
    client_late_s: float | None


def client_load(accounts: Sequence[Mapping[str, Any]], region: str | None = None) -> ClientLoad:
    """Return the load of the client of a region, or with None of the worst of all."""
    own = [account for account in accounts if region in (None, account.get("region"))]
    return ClientLoad(_worst(own, "cpu_share"), _worst(own, "lag_p99_s"), _worst(own, "late_s"))


def _worst(accounts: Sequence[Mapping[str, Any]], name: str) -> float | None:
    told = [account.get(name) for account in accounts]
    return max((float(value) for value in told if value is not None), default=None)
