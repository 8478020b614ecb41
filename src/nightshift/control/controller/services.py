"""All services of a controller: begun, changed, ended, told of. One loop each.

A spec is kept as the file it was read from, and read again when a controller starts: what a file means is
said in one place only.
"""

import asyncio
import contextlib
import logging
import secrets as random_secrets
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nightshift.control.controller.loop import ServiceLoop, Tools
from nightshift.control.controller.naming import MakeDns, Naming
from nightshift.control.controller.untaken import Untaken
from nightshift.control.controller.updating import check_place, check_update
from nightshift.control.controller.views import service_view
from nightshift.control.lifecycle.fleet import Fleet
from nightshift.control.lifecycle.ports import check_ports
from nightshift.control.lifecycle.renewal import renewed
from nightshift.control.lifecycle.rows import ROUTERS, ServiceRow
from nightshift.control.local.external import ExternalRouter, require_router
from nightshift.control.providers.base import Provider
from nightshift.control.service.read import read_spec
from nightshift.control.service.spec import ProviderName, ServiceSpec
from nightshift.control.store.store import Secrets
from nightshift.errors import NightshiftError, UserError

_log = logging.getLogger(__name__)

_LOOK_S = {ProviderName.LOCAL: 0.5, ProviderName.SKYPILOT: 15.0}
"""Between two questions to a provider for what is there. A cloud's answer takes seconds itself."""
_AGAIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Given:
    """A service as the command line gives it.

    `source` is the file's name, for errors, and to find what is named in it, if it is a whole path.
    """

    name: str
    text: str = field(repr=False)
    source: str
    envs: Mapping[str, str] = field(default_factory=dict, repr=False)

    def spec(self) -> ServiceSpec:
        """Read it. Raises `UserError`."""
        with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
            path = Path(folder) / "service.yaml"
            path.write_text(self.text)
            source = Path(self.source)
            seen_from = source.parent if source.is_absolute() else None
            try:
                return read_spec(path, name=self.name, envs=self.envs, folder=seen_from).spec
            except UserError as error:
                raise UserError(str(error).replace(str(path), self.source)) from error
            except OSError as error:  # a certificate in a folder that may not be looked into
                raise UserError(f"{self.source}: cannot read {error.filename}: {error.strerror}") from error


class Services:
    """See the head of the file."""

    def __init__(
        self, providers: Callable[[ProviderName], Provider], make_dns: MakeDns, tools: Tools
    ) -> None:
        self._providers = providers
        self._make_dns = make_dns
        self._tools = tools
        self.loops: dict[str, ServiceLoop] = {}
        self.untaken: dict[str, Untaken] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._beginning: dict[str, ServiceSpec] = {}
        self._used: dict[ProviderName, Provider] = {}

    def resume(self) -> None:
        """Go on with what is written down. Raises `StoreError`."""
        for fleet in self._tools.store.fleets():
            self._take_up(fleet)
        if self.untaken:
            self._watch(self._take_up_later())

    def _take_up(self, fleet: Fleet) -> None:
        """Go on with one service; one that cannot be read keeps nobody from the others."""
        name = fleet.service.name
        secrets = self._tools.store.secrets(name)
        text, source = self._tools.store.file(name, fleet.service.version)
        try:
            self._begin(Given(name, text, source, secrets.envs).spec(), fleet, secrets.token)
        except UserError as error:
            known = self.untaken.get(name)
            self.untaken[name] = Untaken(fleet, text, secrets.envs, secrets.token, str(error))
            if known is None:
                _log.error("%s: %s", name, self.untaken[name].told)
            if fleet.service.ending:
                self._begin_to_end(name)
        else:
            self.untaken.pop(name, None)
            _log.info("%s: taken up again, version %d", name, fleet.service.version)

    async def _take_up_later(self) -> None:
        """Try again, until whoever can has mended it."""
        while self.untaken:
            await asyncio.sleep(_AGAIN_S)
            for one in list(self.untaken.values()):
                self._take_up(one.fleet)

    def _begin_to_end(self, name: str) -> None:
        """Take up a service that cannot be read, so that it can be ended. Raises `UserError`."""
        one = self.untaken[name]
        self._begin(one.spec_to_end(), one.fleet, one.token)
        del self.untaken[name]

    async def begin(self, given: Given) -> None:
        """Begin a service. Raises `UserError`; then nothing has begun."""
        spec = given.spec()
        if given.name in self.loops or given.name in self._beginning or given.name in self.untaken:
            raise UserError(
                f"there is a service {given.name!r} already; `nightshift serve update` changes it, "
                f"`nightshift serve down {given.name}` ends it"
            )
        self._check_ports(spec)
        self._beginning[given.name] = spec
        try:
            await self._naming(spec).check(spec)
            await self._prepared_and_written(spec, given)
        finally:
            del self._beginning[given.name]

    async def _prepared_and_written(self, spec: ServiceSpec, given: Given) -> None:
        provider = self._provider(spec)
        service = ServiceRow(given.name, 1, self._tools.clock(), desired=spec.scaling.least)
        secrets = Secrets(random_secrets.token_urlsafe(24), given.envs)
        try:
            await provider.prepare(spec)
            self._tools.store.create(service, given.text, given.source, secrets)
        except NightshiftError:
            with contextlib.suppress(NightshiftError):  # the first error is the one to be told
                await provider.clean_up(given.name)
            raise
        self._begin(spec, Fleet(service, ()), secrets.token)

    async def update(self, given: Given, mode: str) -> None:
        """Begin a new version of a service. Raises `UserError`; then the old one goes on."""
        if given.name in self.untaken:
            await self._update_untaken(given, mode)
            return
        loop = self._lasting(given.name)
        spec = given.spec()
        old = self._tools.store.secrets(given.name)
        check_update(loop.spec, spec)
        self._check_ports(spec)
        await self._provider(spec).prepare(spec)
        loop = self._lasting(given.name)  # it may have been ended meanwhile
        fleet = renewed(self._tools.clock(), loop.spec, spec, loop.fleet, mode)
        self._tools.store.renew(fleet, given.text, given.source, Secrets(old.token, given.envs))
        loop.change(spec, fleet)

    async def _update_untaken(self, given: Given, mode: str) -> None:
        """Begin a version that can be read; what the old replicas run is not known, so all are replaced."""
        spec, old = given.spec(), self.untaken[given.name]
        check_place(old.spec_to_end(), spec)
        self._check_ports(spec)
        await self._provider(spec).prepare(spec)
        if self.untaken.pop(given.name, None) is None:
            raise UserError(f"service {given.name!r} was taken up, or ended, meanwhile; update it again")
        desired = min(max(old.fleet.service.desired, spec.scaling.least), spec.scaling.most)
        version = old.fleet.service.version + 1
        known = replace(old.fleet.service, version=version, mode=mode, desired=desired)
        fleet = replace(old.fleet, service=known)
        self._tools.store.renew(fleet, given.text, given.source, Secrets(old.token, given.envs))
        self._begin(spec, fleet, old.token)

    def end(self, name: str, *, purge: bool = False) -> None:
        """Let nothing remain of a service; `purge` forgets what cannot be removed. Raises `UserError`."""
        if name in self.untaken:
            self._begin_to_end(name)
        loop = self.loop(name)
        loop.end()
        if purge:
            loop.forget_failed()

    def stand_before(self, name: str, router: str, *, wanted: bool) -> None:
        """Let a baseline stand before the replicas of a service, or not. Raises `UserError`."""
        if router not in ROUTERS:
            raise UserError(f"no baseline {router!r}; known: {', '.join(ROUTERS)}")
        loop = self.loop(name)
        if wanted and loop.spec.provider is ProviderName.LOCAL and router in set(ExternalRouter):
            require_router(ExternalRouter(router))
        if wanted and loop.spec.residency:
            raise UserError(
                f"service {name!r} keeps requests within regions (`residency`); {router} does not"
            )
        there = [one for one in loop.fleet.service.routers.split(",") if one and one != router]
        loop.stand_before(",".join([*there, *([router] if wanted else [])]))

    def _lasting(self, name: str) -> ServiceLoop:
        """Return the loop of a service that shall go on. Raises `UserError`."""
        loop = self.loop(name)
        if loop.fleet.service.ending:
            raise UserError(f"service {name!r} is being ended; it cannot be updated")
        return loop

    def _check_ports(self, spec: ServiceSpec) -> None:
        others = {name: loop.spec for name, loop in self.loops.items()} | self._beginning
        check_ports(spec, [other for name, other in others.items() if name != spec.name])

    def loop(self, name: str) -> ServiceLoop:
        """Return the loop of a service. Raises `UserError` when there is none of this name."""
        loop = self.loops.get(name)
        if name in self.untaken:
            raise UserError(f"service {name!r} {self.untaken[name].told}")
        if loop is None:
            known = ", ".join(sorted({*self.loops, *self.untaken})) or "there is none"
            raise UserError(f"no service {name!r}; known: {known}")
        return loop

    def views(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return what `status` shows, of one service or of all."""
        now = self._tools.clock()
        if name in self.untaken:
            return [self.untaken[name].view(now)]
        loops = [self.loop(name)] if name is not None else list(self.loops.values())
        others = self.untaken.values() if name is None else ()
        views = [*(service_view(loop, now) for loop in loops), *(one.view(now) for one in others)]
        return sorted(views, key=lambda view: str(view["name"]))

    async def close(self) -> None:
        """Stop all loops; what runs goes on."""
        for watcher in self._watchers:
            watcher.cancel()
        for loop in list(self.loops.values()):
            await loop.close()

    @property
    def is_busy(self) -> bool:
        """Whether there is any service, or is about to be."""
        return bool(self.loops or self._beginning or self.untaken)

    async def leftovers(self, name: str) -> list[str]:
        """Return what is still there of a service that is not known any more."""
        found = [await provider.leftovers(name) for provider in self._used.values()]
        return [line for lines in found for line in lines]

    def provider_of(self, name: str) -> Provider:
        """Return who runs the units of a service."""
        return self._provider(self.loop(name).spec)

    def _provider(self, spec: ServiceSpec) -> Provider:
        provider = self._used[spec.provider] = self._providers(spec.provider)
        return provider

    def _naming(self, spec: ServiceSpec) -> Naming:
        dns = None if spec.hosted_zone is None else self._make_dns(spec.hosted_zone)
        return Naming(dns, spec.name, self._tools.clock)

    def _begin(self, spec: ServiceSpec, fleet: Fleet, token: str) -> None:
        provider = self._provider(spec)
        loop = ServiceLoop(
            spec,
            fleet,
            token=token,
            provider=provider,
            naming=self._naming(spec),
            tools=self._tools,
            look_s=_LOOK_S[spec.provider],
        )
        self.loops[fleet.service.name] = loop
        loop.start()
        self._watch(self._until_over(loop, provider))

    def _watch(self, work: Coroutine[Any, Any, None]) -> None:
        watcher = asyncio.create_task(work)
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _until_over(self, loop: ServiceLoop, provider: Provider) -> None:
        """Remove the last of a service that has ended; again and again, until that has worked."""
        await loop.over.wait()
        while True:
            try:
                await loop.naming.withdraw()
                await provider.clean_up(loop.name)
                self._tools.store.forget(loop.name)
            except NightshiftError as error:
                loop.problem = f"cannot be cleaned up: {error}"
                _log.warning("%s: %s", loop.name, loop.problem)
                await asyncio.sleep(_AGAIN_S)
            else:
                break
        await loop.close()
        self.loops.pop(loop.name, None)
        _log.info("%s: gone", loop.name)
