"""A fleet on this machine, as an async context manager.

    async with LocalFleet(plan) as fleet:
        ... fleet.endpoints["us-east-2"] ...

On entry all ports are taken, then all processes started at once, then all awaited; on exit, however it
comes about, all are ended: SIGTERM to all, SIGKILL to those that still run `_GRACE_S` later. Should this
process itself be killed, the kernel ends the children (`processes.die_with_parent`). Enter it in a thread
that lives as long as the fleet, best the main one.
"""

import asyncio
import itertools
import secrets
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn

from nightshift.balancing.switches import Switches
from nightshift.control.local.child import Child, Recipe
from nightshift.control.local.configs import balancer_config, wan_spec, write_private
from nightshift.control.local.plan import FleetPlan, checked
from nightshift.control.local.recipes import Cook, Programs, require_packages
from nightshift.control.local.sockets import PROMETHEUS, Sockets
from nightshift.control.local.wiring import WAN, Entry, wire
from nightshift.errors import UserError

_GRACE_S = 5.0
_HEALTH_TIMEOUT_S = 5.0

Progress = Callable[[str, int, int], None]
"""Called with what has just become healthy, how many are, and how many there will be."""


@dataclass(frozen=True, slots=True)
class Member:
    """A replica or a balancer of a running fleet. `address` is its own, not that of a link to it."""

    id: str
    region: str
    address: str


class LocalFleet:
    """The processes of a plan."""

    def __init__(
        self, plan: FleetPlan, *, programs: Programs | None = None, progress: Progress | None = None
    ) -> None:
        self.plan = checked(plan)
        self.endpoints: dict[str, str] = {}
        """Region of the client -> base URL for it."""
        self.replicas: tuple[Member, ...] = ()
        self.balancers: tuple[Member, ...] = ()
        """Empty when an external router stands in their place."""
        self.wan_control: str | None = None
        """Base URL of the relay's control interface."""
        self.children: list[Child] = []
        self._wiring = wire(plan)
        self.token = secrets.token_urlsafe(24)
        """The secret of this service: who shows it may ask balancers for their state."""
        self._cook = Cook(plan, programs or Programs())
        self._progress = progress or (lambda *_: None)

    async def __aenter__(self) -> "LocalFleet":
        require_packages(self.plan)
        _make_folder(self.plan)
        try:
            with Sockets.of(self.plan, self._wiring) as sockets:
                self._note(sockets.addresses)
                recipes = self._recipes(sockets)
                for wave in (False, True):
                    await self._start([recipe for recipe in recipes if recipe.is_last is wave], len(recipes))
        except OSError as error:  # no space, no permission, no such program
            await self._stop()
            raise UserError(f"cannot start {self.plan.name}: {error}") from error
        except BaseException:  # on every way out, cancellation too; raised again
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def watch(self) -> NoReturn:
        """Wait until a process ends that nobody asked to, and raise the `FleetError` that names it."""
        await asyncio.wait({c.ended for c in self.children}, return_when=asyncio.FIRST_COMPLETED)
        await self.check()
        raise AssertionError("a process has ended, and none has")

    async def check(self) -> None:
        """Raise `FleetError` when a process has ended that nobody asked to."""
        for child in self.children:
            if not child.is_running:
                raise await child.obituary()

    def _note(self, addresses: dict[str, str]) -> None:
        wiring = self._wiring
        self.endpoints = {region: f"http://{addresses[name]}" for region, name in wiring.endpoints.items()}
        self.replicas = tuple(Member(r.id, r.region, addresses[r.id]) for r in wiring.replicas)
        if isinstance(self.plan.routing, Switches):
            self.balancers = tuple(Member(e.name, e.region, addresses[e.name]) for e in wiring.entries)
        if wiring.links:
            self.wan_control = f"http://{addresses[WAN]}"

    def _recipes(self, sockets: Sockets) -> list[Recipe]:
        plan, wiring, cook = self.plan, self._wiring, self._cook
        recipes = [
            cook.replica(replica, sockets.addresses[replica.id], sockets.fd(replica.id))
            for replica in wiring.replicas
        ]
        if wiring.links:
            spec = write_private(plan.log_dir / "wan.json", wan_spec(plan, wiring, sockets))
            fds = [sockets.fd(WAN), *(sockets.fd(link.name) for link in wiring.links)]
            recipes.append(cook.wan(spec, sockets.addresses[WAN], fds))
        return recipes + [self._entry(entry, sockets) for entry in wiring.entries]

    def _entry(self, entry: Entry, sockets: Sockets) -> Recipe:
        addresses = sockets.addresses
        if not isinstance(self.plan.routing, Switches):
            workers = [addresses[route.via] for route in entry.replicas]
            return self._cook.router(entry, addresses[entry.name], workers, addresses[PROMETHEUS])
        config = balancer_config(self.plan, self.plan.routing, entry, addresses, self.token)
        path = write_private(self.plan.log_dir / f"{entry.name}.json", config)
        return self._cook.balancer(entry, path, addresses[entry.name], sockets.fd(entry.name))

    async def _start(self, recipes: list[Recipe], total: int) -> None:
        """Start all of `recipes` and wait until they are healthy; `total` is for the progress."""
        before = len(self.children)
        for recipe in recipes:
            self.children.append(await Child.start(recipe, self.plan.log_dir))
        # Imported while the children import theirs.
        from aiohttp import ClientSession, ClientTimeout

        async with ClientSession(timeout=ClientTimeout(total=_HEALTH_TIMEOUT_S)) as http:
            healthy = itertools.count(before + 1)

            async def await_one(child: Child) -> None:
                await child.until_healthy(http)
                self._progress(child.recipe.what, next(healthy), total)

            await _at_once([await_one(child) for child in self.children[before:]])

    async def _stop(self) -> None:
        for child in self.children:
            child.signal(signal.SIGTERM)
        reaped = {asyncio.create_task(child.reap()) for child in self.children}
        try:
            if reaped:
                await asyncio.wait(reaped, timeout=_GRACE_S)
        finally:
            for child in self.children:
                child.signal(signal.SIGKILL)
        if reaped:
            await asyncio.wait(reaped, timeout=_GRACE_S)


async def _at_once(work: list[Coroutine[None, None, None]]) -> None:
    """Run all; when one fails, cancel the others and raise its error as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for coroutine in work:
                group.create_task(coroutine)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _make_folder(plan: FleetPlan) -> None:
    try:
        plan.log_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make the folder {plan.log_dir} for logs: {error.strerror}; choose another"
        ) from error
