"""`nightshift status`: asks what runs how it is.

Balancers are asked for their state page, replicas for their metrics; all at once, each for at most
`_TIMEOUT_S`. Who does not answer is shown as such.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel

from nightshift.backends.adapters import MetricsError, adapter_named
from nightshift.control.up.runs import Place, Run, is_held
from nightshift.processes import TOKEN_HEADER

if TYPE_CHECKING:
    from aiohttp import ClientSession

_TIMEOUT_S = 2.0


class ReplicaStatus(BaseModel):
    """One engine. The last three are its own report; None when it gave none."""

    id: str
    region: str
    address: str
    state: str
    pending: int | None = None
    running: int | None = None
    kv_use: float | None = None


class BalancerStatus(BaseModel):
    """One balancer: requests in its queue and sent on right now, and those ever given to its peers."""

    id: str
    region: str
    address: str
    state: str
    queue: int | None = None
    outstanding: int | None = None
    handed_over: int | None = None


class ServiceStatus(BaseModel):
    """One service."""

    name: str
    system: str
    engine: str
    state: str
    problem: str | None = None
    endpoints: dict[str, str] = {}
    replicas: list[ReplicaStatus] = []
    balancers: list[BalancerStatus] = []


def status_of(runs: list[Run]) -> list[ServiceStatus]:
    """Ask all processes of all services."""
    return asyncio.run(_ask_all(runs)) if runs else []


async def _ask_all(runs: list[Run]) -> list[ServiceStatus]:
    from aiohttp import ClientSession, ClientTimeout

    async with ClientSession(timeout=ClientTimeout(total=_TIMEOUT_S)) as http:
        return list(await asyncio.gather(*(_ask(http, run) for run in runs)))


async def _ask(http: "ClientSession", run: Run) -> ServiceStatus:
    status = ServiceStatus(name=run.name, system=run.system, engine=run.engine, state=_state(run))
    status.problem = run.problem
    if status.state != "up":
        return status
    status.endpoints = run.endpoints
    status.replicas = list(await asyncio.gather(*(_replica(http, place) for place in run.replicas)))
    asked = (_balancer(http, place, run.token) for place in run.balancers)
    status.balancers = list(await asyncio.gather(*asked))
    return status


def _state(run: Run) -> str:
    if is_held(run.name):
        return run.phase
    return "failed" if run.phase == "failed" else "killed"


async def _replica(http: "ClientSession", place: Place) -> ReplicaStatus:
    page = await _get(http, f"http://{place.address}/metrics")
    status = ReplicaStatus(**place.model_dump(), state="no answer" if page is None else "up")
    if page is not None:
        try:
            report = adapter_named("auto").read(page)
        except MetricsError:
            status.state = "no report"
        else:
            status.pending, status.running = report.pending, report.running
            status.kv_use = report.kv_use
    return status


async def _balancer(http: "ClientSession", place: Place, token: str) -> BalancerStatus:
    page = await _get(http, f"http://{place.address}/nightshift/state", {TOKEN_HEADER: token})
    if page is None:
        return BalancerStatus(**place.model_dump(), state="no answer")
    said: dict[str, Any] = orjson.loads(page)
    return BalancerStatus(
        **place.model_dump(),
        state="up",
        queue=said.get("queue"),
        outstanding=said.get("outstanding"),
        handed_over=said.get("counters", {}).get("handed_over"),
    )


async def _get(http: "ClientSession", url: str, headers: Mapping[str, str] | None = None) -> bytes | None:
    from aiohttp import ClientError

    try:
        async with http.get(url, headers=headers) as response:
            return await response.read() if response.status == 200 else None
    except (OSError, ClientError):
        return None
