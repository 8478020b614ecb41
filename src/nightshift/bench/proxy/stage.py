"""All processes of a run: the upstreams' one, the load's, and every contestant's, started and ended together.

All contestants stand side by side the whole time; one that gets no requests costs next to nothing, and is
there when its turn comes. Whatever happens, all of them are ended.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from nightshift.bench.proxy.contestants import CONNECTIONS, DIRECT, OURS, Contestant, Deployment, Site
from nightshift.bench.proxy.generator import LOAD, Generator
from nightshift.bench.proxy.peers import Found, Missing
from nightshift.control.local.child import Child, FleetError, Recipe

UPSTREAMS = 2
_GRACE_S = 2.0
_HEALTH_S = 5.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A contestant that serves. `sessions` are the ids of its processes' sessions."""

    deployment: Deployment
    sessions: tuple[int, ...]


class Stage:
    """See the head of the file. Use it with `async with`, after which everything is up."""

    def __init__(
        self,
        contestants: Sequence[Contestant],
        hops: set[int],
        venv: Path,
        folder: Path,
        *,
        note: Callable[[str], None],
        connections: int = CONNECTIONS,
        load: str = LOAD,
    ) -> None:
        """`hops` are the numbers of proxies in a row that the cells ask for; logs go to `folder`, new.

        `connections` is what those who want to know before get told; `load` is the load process's module.
        """
        self.standing: dict[tuple[str, int], Standing] = {}
        self.versions: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        """Contestants that are not here or did not start, with what to do."""
        self.engine_sessions: tuple[int, ...] = ()
        self.generator = Generator(load)
        self._connections = connections
        self._contestants = contestants
        self._hops = hops
        self._venv = venv
        self._note = note
        self._children: list[Child] = []
        self._folder = folder
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> "Stage":
        try:
            await self._start()
        except BaseException:  # on every way out, cancellation too; raised again
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._exits.aclose()

    async def _start(self) -> None:
        self._exits.push_async_callback(self._end_all)
        site = Site(self._folder, self._venv, connections=self._connections)
        with site.sockets:
            engine = self._engine(site)
            self.engine_sessions = tuple(child.pid for child in await self._all_up([engine]))
            for deployment in self._deployments(site):
                await self._put_up(deployment)
        # The parent's copies are closed now: a proxy that died must refuse, not hang.
        await self._exits.enter_async_context(self.generator)

    def _engine(self, site: Site) -> Recipe:
        taken = [site.inherited() for _ in range(UPSTREAMS)]
        site.upstreams = tuple(address for address, _fd in taken)
        fds = tuple(fd for _address, fd in taken)
        argv = (sys.executable, "-P", "-m", "nightshift.bench.proxy.engine", *(str(fd) for fd in fds))
        return Recipe("engine", "the stub engine", argv, f"http://{site.upstreams[0]}/health", 30.0, fds=fds)

    def _deployments(self, site: Site) -> list[Deployment]:
        deployments = []
        for contestant in self._contestants:
            found = contestant.find(site)
            if isinstance(found, Missing):
                self.skipped[contestant.id] = f"not installed; to take part: {found.hint}"
                continue
            assert isinstance(found, Found)  # noqa: S101 - the other of two
            if contestant.id != DIRECT:
                self.versions[contestant.id] = found.version
            deployments += [
                contestant.deploy(site, found, hops)
                for hops in sorted(self._hops)
                if hops <= contestant.max_hops
            ]
        return deployments

    async def _put_up(self, deployment: Deployment) -> None:
        """Start one; a foreign one that does not come up is left out, not fatal."""
        self._note(f"starting {deployment.contestant}")
        try:
            children = await self._all_up(deployment.recipes)
        except FleetError as error:
            if deployment.contestant.startswith(OURS):
                raise
            self.skipped[deployment.contestant] = str(error)
            return
        sessions = tuple(child.pid for child in children)
        self.standing[deployment.contestant, deployment.hops] = Standing(deployment, sessions)

    async def _all_up(self, recipes: Sequence[Recipe]) -> list[Child]:
        from aiohttp import ClientSession, ClientTimeout

        children = []
        async with ClientSession(timeout=ClientTimeout(total=_HEALTH_S)) as http:
            for recipe in recipes:
                child = await Child.start(recipe, self._folder)
                self._children.append(child)
                children.append(child)
                await child.until_healthy(http)
        return children

    async def check(self) -> None:
        """Raise `FleetError` if a process has ended on its own."""
        for child in self._children:
            if not child.is_running and child.recipe.name not in self.skipped:
                raise await child.obituary()

    async def _end_all(self) -> None:
        for child in self._children:
            child.signal(signal.SIGTERM)
        reaped = {asyncio.create_task(child.reap()) for child in self._children}
        try:
            if reaped:
                await asyncio.wait(reaped, timeout=_GRACE_S)
        finally:
            for child in self._children:
                child.signal(signal.SIGKILL)
        if reaped:
            await asyncio.wait(reaped, timeout=_GRACE_S)
