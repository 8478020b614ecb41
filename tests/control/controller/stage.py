"""A controller on a stage: real services and a real database, but no machine, no network and no waiting.

Units are those of `FakeProvider`; whoever asks one over HTTP asks `Machines`, which answers as engines and
balancers do. Time is the event loop's, and leaps to whatever is due next.
"""

import asyncio
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import orjson
import yaml
from tests.control.providers.fake import FakeProvider

from nightshift.control.controller.loop import ServiceLoop, Tools
from nightshift.control.controller.services import Given, Services
from nightshift.control.dns.base import Dns
from nightshift.control.providers.base import Kind
from nightshift.control.store.store import Store

T = TypeVar("T")
HERE, THERE = "us-east-2", "ap-northeast-1"
_PATIENCE_S = 1000.0
_STEP_S = 0.25


class _Leaping(selectors.DefaultSelector):
    """Waits for no time: the loop's clock goes on instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("everything waits, and for nothing that can come")
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time costs none."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now


def play(story: Callable[[], Awaitable[T]]) -> T:
    """Run an async test in virtual time."""

    async def whole() -> T:
        return await story()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(whole())


@dataclass
class Answer:
    """What aiohttp's response has, as far as it is used."""

    status: int
    content: bytes

    async def read(self) -> bytes:
        return self.content


@dataclass
class Machines:
    """Whoever is asked over HTTP: every running unit of a provider. Stands for aiohttp's session."""

    provider: FakeProvider
    hung: set[str] = field(default_factory=set)
    """Units that do not answer."""
    refusing: set[str] = field(default_factory=set)
    """Balancers that take no settings."""
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    draining: set[tuple[str, str]] = field(default_factory=set)
    busy: dict[str, int] = field(default_factory=dict)
    """Replica -> requests that are under way there."""
    told: list[str] = field(default_factory=list)
    """What balancers were told, in order: `PUT svc-b1 /admin/targets`."""
    tokens: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None,
        headers: Mapping[str, str],
        timeout: Any,  # noqa: ASYNC109 - aiohttp's own
    ) -> AsyncIterator[Answer]:
        parts = urlsplit(url)
        name = next((n for n, u in self.provider.units.items() if parts.netloc in self._ends(n)), None)
        if name is None:
            raise ConnectionRefusedError(f"nobody at {parts.netloc}")
        if name in self.hung:
            await asyncio.sleep(timeout.total)
            raise TimeoutError
        if self.provider.units[name].unit.kind is Kind.REPLICA:
            yield Answer(200, b"{}")
            return
        self.tokens.add(headers["authorization"])
        yield self._balancer(name, method, parts.path, orjson.loads(data) if data else {})

    @asynccontextmanager
    async def get(self, url: str, *, timeout: Any) -> AsyncIterator[Answer]:  # noqa: ASYNC109 - as above
        """Answer who asks for an engine's metrics: it has none."""
        assert url.endswith("/metrics")
        yield Answer(404, b"")

    def _ends(self, name: str) -> tuple[str | None, str | None]:
        unit = self.provider.units[name].unit
        running = unit.phase.value == "running"
        return (unit.address, unit.admin) if running else (None, None)

    def _balancer(self, name: str, method: str, path: str, body: dict[str, Any]) -> Answer:
        if method != "GET":
            self.told.append(f"{method} {name} {path}")
        if path == "/admin/targets":
            self.targets[name] = body
        elif path == "/admin/settings":
            if name in self.refusing:
                return Answer(422, b'{"error": {"message": "no"}}')
            self.settings[name] = body
        elif path.startswith("/admin/replicas/"):
            replica, what = path.split("/")[3:]
            (self.draining.add if what == "drain" else self.draining.discard)((name, replica))
        return Answer(200, orjson.dumps(self._state(name)))

    def _state(self, name: str) -> dict[str, Any]:
        targets = self.targets.get(name, {"replicas": [], "peers": []})
        replicas = {
            target["id"]: {
                "outstanding": self.busy.get(target["id"], 0),
                "health": "draining" if (name, target["id"]) in self.draining else "healthy",
            }
            for target in targets["replicas"]
        }
        peers: dict[str, Any] = {target["id"]: {} for target in targets["peers"]}
        return {"replica": replicas, "peer": peers, "counters": {"arrived": 0}, "queue": 0, "outstanding": 0}

    def known(self, balancer: str) -> list[str]:
        """Return the replicas that a balancer was last given."""
        return sorted(target["id"] for target in self.targets.get(balancer, {}).get("replicas", []))


def text(replicas: int | str = 4, regions: tuple[str, ...] = (HERE, THERE), **service: object) -> str:
    """Return a service file."""
    section = {"engine": "emulated", "replicas": replicas, "drain_seconds": 20, **service}
    section.setdefault(
        "readiness_probe",
        {"path": "/v1/models", "initial_delay_seconds": 60, "endpoint_probe_interval_seconds": 2}
        | {"consecutive_failure_threshold_timeout": 30, "timeout_seconds": 1},
    )
    ordered = [{"region": region} for region in regions]
    return str(yaml.safe_dump({"name": "svc", "resources": {"ordered": ordered}, "service": section}))


def given(name: str = "svc", envs: Mapping[str, str] | None = None, **service: Any) -> Given:
    """Return a service as the command line gives it."""
    return Given(name, text(**service), "service.yaml", envs or {})


def _no_dns(zone: str) -> Dns:
    raise AssertionError("no service here has a zone")


class Stage:
    """See the head of the file."""

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder / 'state.db'}"
        self.store = Store(self._url)
        self.provider = FakeProvider(self.clock)
        self.machines = Machines(self.provider)
        self.services = self._services()

    def clock(self) -> float:
        try:
            return 1e9 + asyncio.get_running_loop().time()
        except RuntimeError:
            return 1e9

    def _services(self) -> Services:
        def distance(here: str, there: str) -> float:
            return float(here != there)

        tools = Tools(self.store, cast("Any", self.machines), self.clock, distance)
        return Services(lambda _: self.provider, _no_dns, tools)

    async def again(self) -> None:
        """Let the controller die, and another one begin."""
        for loop in self.services.loops.values():
            await loop.close()
        await self.services.close()
        self.store.close()
        self.store = Store(self._url)
        self.provider = self.provider.again()
        self.machines.provider = self.provider
        self.services = self._services()
        self.services.resume()

    async def close(self) -> None:
        await self.services.close()
        self.store.close()

    @property
    def loop(self) -> ServiceLoop:
        """The one of `svc`."""
        return self.services.loops["svc"]

    def view(self) -> dict[str, Any]:
        return self.services.views("svc")[0]

    def states(self) -> dict[str, str]:
        """Return the state of each unit that is there."""
        return {row.name: row.state.value for row in self.loop.fleet.rows if row.gone is None}

    async def pass_time(self, seconds: float) -> None:
        """Let time go by; what is launched runs soon."""
        end = self.clock() + seconds
        while self.clock() < end:
            self.provider.finish_launches()
            await asyncio.sleep(_STEP_S)

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Let time go by until something holds."""
        end = self.clock() + _PATIENCE_S
        while not holds():
            assert self.clock() < end, f"{what}; {self.services.views()}"
            await self.pass_time(_STEP_S)

    async def up(self, **service: Any) -> None:
        """Begin a service, and wait until it is whole."""
        await self.services.begin(given(**service))
        await self.until(lambda: self.view()["status"] == "READY", "ready")
        await self.pass_time(3)

    async def gone(self, name: str = "svc") -> None:
        """Wait until nothing is known of a service."""
        await self.until(lambda: name not in self.services.loops, "gone")
