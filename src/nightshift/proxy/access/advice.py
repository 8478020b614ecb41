"""What is configured and not safe on an address that others reach: a line each, said once at the start."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from nightshift.proxy.access.settings import AccessSettings


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False  # a name: who knows


def unsafe(access: AccessSettings, host: str, peers: Iterable[str]) -> list[str]:
    """Return the warnings for a balancer that listens on `host` and has peers at these addresses."""
    lines = []
    if not is_loopback(host):
        if not access.has_keys:
            lines.append(
                f"everybody who reaches {host} is served; set keys (nightshift keys new) to ask for one"
            )
        if access.tls is None:
            lines.append(f"prompts, answers and keys cross the network of {host} in clear; set tls")
    if any(_in_clear(address) for address in peers):
        lines.append("the service's secret and prompts go to peers in clear; give them https:// addresses")
    if access.upstream_tls is not None and access.upstream_tls.insecure_skip_verify:
        lines.append("upstream_tls.insecure_skip_verify: whoever is between can read and change everything")
    return lines


def _in_clear(address: str) -> bool:
    parts = urlsplit(address if "://" in address else f"http://{address}")
    return parts.scheme != "https" and not is_loopback(parts.hostname or "")
