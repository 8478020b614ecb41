"""Asking units whether they serve: replicas at their readiness path, balancers for their state.

Each unit is asked by a task of its own, so one that hangs holds up nobody. What the answers say is counted;
the rules that go by the counts are in `lifecycle.progress`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import orjson

from nightshift.backends.adapters.prefix_hits import PrefixHits, prefix_hits
from nightshift.control.controller.balancers import BalancerAdmin, UnreachableError
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Kind
from nightshift.control.service.spec import Readiness

if TYPE_CHECKING:
    from aiohttp import ClientSession

_log = logging.getLogger(__name__)

_EAGER_S = 0.5
"""Between two questions to a unit that has just started, and to a balancer, which must be missed soon."""
_BALANCER_S = 1.0
_HITS_S = 5.0
"""Between two looks at how an engine's prefix cache does."""
_HITS_TIMEOUT_S = 2.0
_ROUTER = Readiness(path="/health", timeout_s=5.0)


@dataclass(slots=True)
class Probe:
    """What came of asking one unit."""

    task: "asyncio.Task[None]"
    misses: int = 0
    answers: int = 0
    problem: str = ""
    state: Mapping[str, Any] | None = None
    """A balancer's last word on itself."""
    hits: PrefixHits | None = None
    """A replica's last word on its prefix cache."""
    hits_asked: float = -inf

    def answered(self) -> None:
        """It is there."""
        self.misses, self.problem = 0, ""
        self.answers += 1

    def missed(self, problem: str) -> None:
        """It is not, or not well."""
        self.answers, self.state, self.problem = 0, None, problem
        self.misses += 1


class Probes:
    """The probes of one service."""

    def __init__(self, http: "ClientSession", admin: BalancerAdmin, changed: Callable[[], None]) -> None:
        """`changed` is called when an answer differs from the one before."""
        self._http = http
        self._admin = admin
        self._changed = changed
        self.readiness = Readiness()
        self._probes: dict[str, Probe] = {}
        self._rows: dict[str, UnitRow] = {}

    def watch(self, rows: Mapping[str, UnitRow]) -> None:
        """Ask these from now on, and no others."""
        self._rows = dict(rows)
        for name in self._probes.keys() - rows.keys():
            self._probes.pop(name).task.cancel()
        for name in rows.keys() - self._probes.keys():
            self._probes[name] = Probe(asyncio.create_task(self._ask_on(name), name=f"probe {name}"))

    def of(self, name: str) -> Probe | None:
        """Return what came of asking a unit."""
        return self._probes.get(name)

    def close(self) -> None:
        """Ask nobody any more."""
        self.watch({})

    async def _ask_on(self, name: str) -> None:
        while (row := self._rows.get(name)) is not None:
            probe = self._probes[name]
            before = (bool(probe.misses), min(probe.answers, 2))
            try:
                await self._ask_once(row, probe)
            except Exception as error:  # noqa: BLE001 - a defect in asking must not end the asking
                _log.exception("%s: cannot be asked", name)
                probe.missed(f"cannot be asked: {error!r}")
            if (bool(probe.misses), min(probe.answers, 2)) != before or probe.misses in (2, 3):
                self._changed()
            await asyncio.sleep(self._pause_s(row, probe))

    def _ask_once(self, row: UnitRow, probe: Probe) -> Awaitable[None]:
        if row.kind is Kind.BALANCER or row.admin is not None:
            return self._balancer(row, probe)
        return self._http_unit(row, probe, self.readiness if row.kind is Kind.REPLICA else _ROUTER)

    def _pause_s(self, row: UnitRow, probe: Probe) -> float:
        if row.kind is not Kind.REPLICA:
            return _EAGER_S if row.state is State.STARTING else _BALANCER_S
        eager = row.state is State.STARTING or probe.misses or probe.answers < 2
        return min(_EAGER_S, self.readiness.interval_s) if eager else self.readiness.interval_s

    async def _balancer(self, row: UnitRow, probe: Probe) -> None:
        if row.admin is None:
            return
        try:
            probe.state = await self._admin.state(row.admin)
        except UnreachableError as error:
            probe.missed(str(error))
        else:
            probe.answered()

    async def _http_unit(self, row: UnitRow, probe: Probe, readiness: Readiness) -> None:
        if row.address is None:
            return
        problem = await ask(self._http, row.address, readiness)
        if problem:
            probe.missed(problem)
            return
        probe.answered()
        now = asyncio.get_running_loop().time()
        if row.kind is Kind.REPLICA and now - probe.hits_asked >= _HITS_S:
            probe.hits_asked = now
            probe.hits = await ask_for_hits(self._http, row.address)


async def ask(http: "ClientSession", address: str, readiness: Readiness) -> str:
    """Ask a replica whether it is ready; return what is wrong, or nothing."""
    from aiohttp import ClientError, ClientTimeout

    method, body, headers = "GET", None, dict(readiness.headers)
    if readiness.post_data is not None:
        method, body = "POST", orjson.dumps(readiness.post_data)
        headers.setdefault("content-type", "application/json")
    url = f"http://{address}{readiness.path}"
    timeout = ClientTimeout(total=readiness.timeout_s)
    try:
        async with http.request(method, url, data=body, headers=headers, timeout=timeout) as response:
            await response.read()
            return "" if response.status == 200 else f"{readiness.path}: status {response.status}"
    except TimeoutError:
        return f"{readiness.path}: no answer within {readiness.timeout_s:g} s"
    except (OSError, ClientError) as error:
        return f"{readiness.path}: {error or type(error).__name__}"


async def ask_for_hits(http: "ClientSession", address: str) -> PrefixHits | None:
    """Return what an engine's metrics page says of its prefix cache; None if it says nothing."""
    from aiohttp import ClientError, ClientTimeout

    try:
        async with http.get(
            f"http://{address}/metrics", timeout=ClientTimeout(total=_EAGER_S * 4)
        ) as response:
            return prefix_hits(await response.read()) if response.status == 200 else None
    except (OSError, ClientError):  # TimeoutError is an OSError
        return None
