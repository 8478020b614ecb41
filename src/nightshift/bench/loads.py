"""What engines and balancers say of their load: an engine to anybody, a balancer to who shows the secret."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from nightshift.backends.adapters import MetricsError, detect
from nightshift.processes import TOKEN_HEADER

if TYPE_CHECKING:
    from aiohttp import ClientSession

_OF_A_BALANCER = {"name", "region", "replica", "queue", "outstanding", "counters"}


async def engine_load(http: "ClientSession", url: str) -> dict[str, Any] | None:
    """Return `running`, `pending` and the like of the engine at `url`; None if it does not tell."""
    page = await _page(http, f"{url}/metrics")
    try:
        return None if page is None else asdict(detect(page).read(page))
    except MetricsError:
        return None


async def balancer_state(http: "ClientSession", url: str, token: str) -> dict[str, Any] | None:
    """Return the state of the balancer of Nightshift at `url`; None if it does not tell, or is none."""
    facts = await object_at(http, f"{url}/nightshift/state", {TOKEN_HEADER: token})
    return facts if set(facts) >= _OF_A_BALANCER else None


async def object_at(
    http: "ClientSession", url: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the JSON object there; an empty one if there is none, or nobody answers."""
    page = await _page(http, url, headers)
    try:
        found = None if page is None else orjson.loads(page)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


async def _page(http: "ClientSession", url: str, headers: Mapping[str, str] | None = None) -> bytes | None:
    """A redirection is not followed: it might lead to where the secret must not be shown."""
    from aiohttp import ClientError

    try:
        async with http.get(url, headers=headers, allow_redirects=False) as response:
            return await response.read() if response.status == 200 else None
    except (OSError, ClientError, ValueError):  # TimeoutError is an OSError
        return None
