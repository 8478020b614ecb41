"""How many clients may be connected: in all, and from one address.

An address is what one party can have many of at no cost: one IPv4 address, or one /64 of IPv6. Counted
exactly: who was let in must be let out, once.
"""

import ipaddress
import resource

from nightshift.proxy.errors import ApiError
from nightshift.proxy.limits import Limits

_SPARE_FILES = 256
"""Descriptors for all that is not a connection of a request."""


class Doors:
    """See the head of the file. Entering and leaving are O(1)."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_client: dict[str, int] = {}
        self.inside = 0

    @property
    def clients(self) -> int:
        """Addresses that somebody is connected from."""
        return len(self._by_client)

    def change(self, limits: Limits) -> None:
        """Let so many in from now on; nobody is sent away."""
        self._limits = limits

    def enter(self, client: str) -> ApiError | None:
        """Count a connection of `client` (see `party`) in, or return why it may not come in."""
        limits = self._limits
        if self.inside >= limits.connections:
            message = f"all {limits.connections} connections of this balancer are taken"
            return ApiError(503, "too_many_connections", message, retry_after_s=1, close=True)
        here = self._by_client.get(client, 0)
        if here >= limits.connections_per_client:
            message = f"there are {here} connections from your address already: use them again, or close some"
            return ApiError(429, "too_many_connections", message, retry_after_s=1, close=True)
        self._by_client[client] = here + 1
        self.inside += 1
        return None

    def leave(self, client: str) -> None:
        """Count a connection out that was let in."""
        self.inside -= 1
        left = self._by_client[client] - 1
        if left:
            self._by_client[client] = left
        else:
            del self._by_client[client]


def party(address: object) -> str:
    """Return who is at a socket's other end, from what the transport calls the peer's name.

    Sockets without addresses (a pair, a Unix socket) are one party: their other end is on this machine.
    """
    if not isinstance(address, tuple) or not address:
        return ""
    host = str(address[0])
    if ":" not in host:
        return host
    six = ipaddress.IPv6Address(host)  # a scope (fe80::1%eth0) is of no matter for the /64
    if six.ipv4_mapped is not None:
        return str(six.ipv4_mapped)
    return six.packed[:8].hex()


def raise_file_limit(connections: int) -> str | None:
    """Let this process open files for that many clients and as many upstreams.

    Raises the soft limit to the hard one if need be. Returns a line to warn with if that is not enough.
    """
    needed = 2 * connections + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _enough(soft, needed):
        return None
    wanted = needed if _enough(hard, needed) else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted == needed:
        return None
    return (
        f"limits.connections is {connections}, which needs {needed} open files, and this process may have "
        f"{hard}: raise its hard limit (ulimit -Hn, LimitNOFILE=) or lower limits.connections to "
        f"{max(1, (hard - _SPARE_FILES) // 2)}"
    )


def _enough(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed
