"""The admin API of a service's balancers, as the controller uses it. Calls raise `UnreachableError`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from nightshift.errors import NightshiftError

if TYPE_CHECKING:
    from aiohttp import ClientSession

_TIMEOUT_S = 2.0


class UnreachableError(NightshiftError):
    """A balancer gave no answer, or not the one that was asked for. Says which and how."""


class BalancerAdmin:
    """Asks and tells balancers at their admin addresses, with the service's token."""

    def __init__(self, http: "ClientSession", token: str) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    async def state(self, admin: str) -> Mapping[str, Any]:
        """Return what a balancer knows and has done."""
        return await self._ask("GET", admin, "/admin/state")

    async def put_targets(self, admin: str, targets: Mapping[str, Any]) -> None:
        """Give it these replicas and peers in place of those it has."""
        await self._ask("PUT", admin, "/admin/targets", targets)

    async def put_settings(self, admin: str, settings: Mapping[str, Any]) -> None:
        """Let it go on with these settings; targets stay as they are."""
        await self._ask("PUT", admin, "/admin/settings", settings)

    async def drain_replica(self, admin: str, replica: str, *, draining: bool) -> None:
        """Let nothing new go to a replica, or let it again."""
        await self._ask("POST", admin, f"/admin/replicas/{replica}/{'drain' if draining else 'undrain'}", {})

    async def _ask(self, method: str, admin: str, path: str, body: object = None) -> Mapping[str, Any]:
        from aiohttp import ClientError, ClientTimeout

        data = None if body is None else orjson.dumps(body)
        try:
            async with self._http.request(
                method,
                f"http://{admin}{path}",
                data=data,
                headers=self._headers,
                timeout=ClientTimeout(total=_TIMEOUT_S),
            ) as response:
                content = await response.read()
                if response.status >= 400:
                    raise UnreachableError(f"{admin}{path}: status {response.status}: {content[:300]!r}")
                answer: Mapping[str, Any] = orjson.loads(content)
                return answer
        except TimeoutError as error:
            raise UnreachableError(f"{admin}{path}: no answer within {_TIMEOUT_S:g} s") from error
        except (OSError, ClientError, orjson.JSONDecodeError) as error:
            raise UnreachableError(f"{admin}{path}: {error or type(error).__name__}") from error
