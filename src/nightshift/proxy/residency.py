"""Which regions may serve whose requests, and how that travels across a hop.

The balancer that a client speaks to knows its key, and so its tenant. It tells the peer that it hands a
request to, in a header that is believed from peers only.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote

from nightshift.proxy.fields import INTERNAL_PREFIX

RESIDENCY = INTERNAL_PREFIX + b"residency"
EVERYBODY = "*"
"""Stands for every tenant that has no rule, and for whoever has no key."""

Allowed = frozenset[str] | None
"""Regions that may serve a request; None: any may."""


class Residency:
    """The rules of one balancer."""

    __slots__ = ("_by_tenant", "_others")

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        self._by_tenant = {tenant: frozenset(regions) for tenant, regions in rules.items()}
        self._others = self._by_tenant.get(EVERYBODY)

    def of(self, tenant: str | None) -> Allowed:
        """Return where the requests of a tenant may be served; None is whoever has no key."""
        return self._others if tenant is None else self._by_tenant.get(tenant, self._others)


@lru_cache(maxsize=1024)
def told(value: bytes) -> frozenset[str]:
    """Read the header of a peer. One that says nothing allows nothing."""
    names = (unquote(name) for name in value.decode("latin-1").split(","))
    return frozenset(name for name in names if name)


@lru_cache(maxsize=1024)
def line(regions: frozenset[str]) -> bytes:
    """Return the header line for a peer."""
    names = ",".join(quote(region, safe="") for region in sorted(regions))
    return b"%b: %b\r\n" % (RESIDENCY, names.encode())


def is_outside(regions: frozenset[str], target_region: str, served_by: bytes | None) -> bool:
    """Tell whether an answer comes from where it may not: the auditor's look, which knows no masks.

    `target_region` is that of the replica, or of the peer; `served_by` what a peer says of its replica.
    """
    if target_region not in regions:
        return True
    return served_by is not None and served_by.decode("latin-1") not in regions
