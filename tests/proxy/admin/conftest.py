"""A balancer that is only a console, and the admin API in front of it."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop
from aiohttp import ClientSession

from nightshift.errors import UserError
from nightshift.processes import address_of, bind
from nightshift.proxy.admin.console import ReplicaDrain, UnknownReplicaError
from nightshift.proxy.admin.listener import AdminListener
from nightshift.proxy.seen.exposition import Exposition
from nightshift.proxy.seen.metrics import Metrics
from nightshift.proxy.seen.reading import Reading
from nightshift.proxy.settings import Targets

TOKEN = "a-secret-of-the-service"
DECISION = {
    "request_id": "b-7",
    "age_s": 1.5,
    "action": "forward",
    "target": "r-1",
    "reason": "prefix",
    "why": "it holds the most of the prompt",
    "matched": 0.92,
    "queued_s": 0.0004,
    "candidates": [
        {
            "id": "r-0",
            "kind": "replica",
            "state": "up",
            "available": True,
            "outstanding": 1,
            "report_age_s": 0.05,
            "matched": 0.1,
        },
        {
            "id": "r-1",
            "kind": "replica",
            "state": "up",
            "available": True,
            "outstanding": 2,
            "pending": 0,
            "matched": 0.92,
        },
    ],
}


class FakeConsole:
    """See `console.Console`."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.config_problem: str | None = None
        self._exposition = Exposition(Metrics(), lambda: Reading(states=()))

    def health(self) -> Mapping[str, Any]:
        return {"status": "ok", "name": "b", "region": "eu"}

    def state(self) -> Mapping[str, Any]:
        replica = {"state": "up", "outstanding": 2, "pending": 0, "running": 1, "available": True}
        counts = {"queue": 1, "outstanding": 2, "in_progress": 3}
        return {"name": "b", "region": "eu", **counts, "replica": {"r-1": replica}, "peer": {}}

    def decisions(self, last: int) -> Sequence[Mapping[str, Any]]:
        return [DECISION] * min(last, 2)

    def config(self) -> Mapping[str, Any]:
        return {"name": "b", "peer_token": TOKEN, "limits": {"body_bytes": 1}}

    def drain(self, grace_s: float | None) -> float:
        self.told.append(("drain", grace_s))
        return 300.0 if grace_s is None else grace_s

    def reload(self) -> Sequence[str]:
        if self.config_problem is not None:
            raise UserError(self.config_problem)
        return ["limits.body_bytes"]

    def change_targets(self, targets: Targets) -> None:
        if "b" in (peer.id for peer in targets.peers):
            raise UserError("peers: b is this balancer itself")
        self.told.append(("targets", [replica.id for replica in targets.replicas]))

    def change_settings(self, changes: Mapping[str, Any]) -> Sequence[str]:
        if "name" in changes:
            raise UserError("name: only a new process can change this; nothing was changed")
        self.told.append(("settings", dict(changes)))
        return sorted(changes)

    def drain_replica(self, replica: str, *, draining: bool) -> ReplicaDrain:
        if replica not in ("r-1", "a/b"):
            raise UnknownReplicaError(replica)
        self.told.append(("draining" if draining else "undraining", replica))
        return ReplicaDrain(replica, draining, 2)

    async def metrics(self, accept: str) -> tuple[bytes, str]:
        return await self._exposition.page(accept)


class Api:
    """The listener, its console, and a client that shows the token."""

    def __init__(self, console: FakeConsole, address: str, http: ClientSession) -> None:
        self.console = console
        self.address = address
        self.url = f"http://{address}"
        self._http = http

    async def ask(
        self, method: str, path: str, *, token: str | None = TOKEN, **options: Any
    ) -> tuple[int, Any, Mapping[str, str]]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        async with self._http.request(method, self.url + path, headers=headers, **options) as response:
            is_json = response.content_type == "application/json"
            content = await response.json() if is_json else await response.text()
            return response.status, content, response.headers


Play = Callable[[Callable[[Api], Coroutine[Any, Any, None]]], None]


@asynccontextmanager
async def serving(console: FakeConsole, *, open_metrics: bool = False) -> Any:
    sock = bind("127.0.0.1", 0)
    listener = AdminListener(
        console, is_token=lambda shown: shown == TOKEN.encode(), open_metrics=open_metrics
    )
    await listener.start(sock)
    try:
        async with ClientSession() as http:
            yield Api(console, address_of(sock), http)
    finally:
        await listener.stop()


@pytest.fixture
def play() -> Play:
    """Run a scene against the API, on uvloop."""

    def run(scene: Callable[[Api], Coroutine[Any, Any, None]], **options: bool) -> None:
        async def whole() -> None:
            async with asyncio.timeout(20), serving(FakeConsole(), **options) as api:
                await scene(api)

        uvloop.run(whole())

    return run
