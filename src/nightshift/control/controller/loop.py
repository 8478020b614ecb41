"""One service: look, decide, write down, carry out; again whenever something has changed, and every so often.

It holds no rule: what follows from what is `lifecycle.step`. What is decided is written down before it is
done, so a controller that dies anywhere in here is followed by one that asks for the same.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nightshift.control.controller.acting import Actor, grace_s
from nightshift.control.controller.balancers import BalancerAdmin
from nightshift.control.controller.naming import Naming
from nightshift.control.controller.orders import balancer_settings, order_for, router_order
from nightshift.control.controller.probing import Probes
from nightshift.control.controller.scaling import Scaler
from nightshift.control.lifecycle.fleet import Fleet
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.seen import NOTHING, Seen
from nightshift.control.lifecycle.states import LIVING, State
from nightshift.control.lifecycle.step import Decided, service_state, step
from nightshift.control.lifecycle.takeover import Assignment, Distance, at_first
from nightshift.control.providers.base import Kind, Order, Provider, ProviderError, Unit
from nightshift.control.service.spec import ServiceSpec
from nightshift.control.store.store import Store, StoreError

if TYPE_CHECKING:
    from aiohttp import ClientSession

_log = logging.getLogger(__name__)

_TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What the loops of all services share. `clock` is the wall clock, in seconds since 1970."""

    store: Store
    http: "ClientSession"
    clock: Callable[[], float]
    distance: Distance


class ServiceLoop:
    """See the head of the file."""

    def __init__(
        self,
        spec: ServiceSpec,
        fleet: Fleet,
        *,
        token: str,
        provider: Provider,
        naming: Naming,
        tools: Tools,
        look_s: float,
    ) -> None:
        """`look_s` is how often the provider is asked, in seconds."""
        self.spec = spec
        self.fleet = fleet
        self._written = fleet
        self._token = token
        self._provider = provider
        self.naming = naming
        self._tools = tools
        self._look_s = look_s
        self._looked = float("-inf")
        self.units: Mapping[str, Unit] = {}
        self._wake = asyncio.Event()
        admin = BalancerAdmin(tools.http, token)
        self.probes = Probes(tools.http, admin, self._wake.set)
        self._actor = Actor(provider, admin, self._amend, tools.clock)
        self._scaler = Scaler(spec.scaling, fleet.service.desired)
        self.over = asyncio.Event()
        """Set when nothing is left of a service that was to end."""
        self.problem = ""
        """What keeps the service as a whole from being as it should."""
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The service's name."""
        return self.fleet.service.name

    def start(self) -> None:
        """Begin, or go on where another controller was."""
        self._task = asyncio.create_task(self._run(), name=f"service {self.name}")

    async def close(self) -> None:
        """Stop; what runs goes on."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.probes.close()
        self.naming.close()
        await self._actor.close()

    def change(self, spec: ServiceSpec, fleet: Fleet) -> None:
        """Go on by another spec; `fleet` is written down already."""
        self.spec, self.fleet, self._written = spec, fleet, fleet
        self._wake.set()

    def end(self) -> None:
        """Let nothing remain of the service. Raises `StoreError`."""
        self._change(replace(self.fleet, service=replace(self.fleet.service, ending=True)))

    def forget_failed(self) -> None:
        """Take for gone what could not be ended. Raises `StoreError`."""
        now = self._tools.clock()
        failed = (row for row in self.fleet.rows if row.gone is None and row.state is State.FAILED_CLEANUP)
        self._change(self.fleet.with_rows(replace(row, gone=now) for row in failed))

    def stand_before(self, routers: str) -> None:
        """Let these baselines stand before the replicas, and no others. Raises `StoreError`."""
        self._change(replace(self.fleet, service=replace(self.fleet.service, routers=routers)))

    def _change(self, fleet: Fleet) -> None:
        """Go on with a fleet once it is written down; who is told of an error has changed nothing."""
        self._tools.store.save(fleet, self._written)
        self.fleet = self._written = fleet
        self._wake.set()

    # The loop

    async def _run(self) -> None:
        while not self.over.is_set():
            self._wake.clear()
            try:
                await self._tick()
                self.problem = ""
            except StoreError as error:  # a full disk: nothing is done that is not written down
                self.fleet, self.problem = self._written, str(error)
                _log.error("%s: %s", self.name, error)
            except Exception:  # noqa: BLE001 - a defect here must not leave a service without its controller
                _log.exception("%s: this step was not finished", self.name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._wake.wait()

    async def _tick(self) -> None:
        await self._look()
        now = self._tools.clock()
        self.probes.readiness = self.spec.readiness
        self._scale(now)
        sight = {row.name: self._seen(row) for row in self.fleet.rows if row.gone is None}
        decided = step(now, self.spec, self.fleet, sight, self._tools.distance)
        self._say(decided.fleet)
        self.fleet = decided.fleet.pruned()
        self._write()
        await self._carry_out(self.spec, decided)
        if decided.is_gone:
            self.over.set()

    def _scale(self, now: float) -> None:
        self._scaler.use(self.spec.scaling)
        desired = self._scaler.desired(now, self.fleet, self.states())
        if desired != self.fleet.service.desired:
            _log.info("%s: %d replicas shall be, not %d", self.name, desired, self.fleet.service.desired)
            self.fleet = replace(self.fleet, service=replace(self.fleet.service, desired=desired))

    def states(self) -> dict[str, Mapping[str, Any]]:
        """Return what each balancer that answers last said of itself, by its name."""
        probes = {row.name: self.probes.of(row.name) for row in self.fleet.of(Kind.BALANCER)}
        return {
            name: probe.state
            for name, probe in probes.items()
            if probe is not None and probe.state is not None
        }

    async def _look(self) -> None:
        now = self._tools.clock()
        if 0 <= now - self._looked < self._look_s:
            return
        try:
            self.units = await self._provider.describe(self.name)
        except ProviderError as error:
            _log.warning("%s: the provider cannot tell what is there: %s", self.name, error)
        else:
            self._looked = now

    def _seen(self, row: UnitRow) -> Seen:
        unit, probe = self.units.get(row.name), self.probes.of(row.name)
        if probe is None:
            return replace(NOTHING, unit=unit)
        return Seen(unit, probe.misses, probe.answers, probe.problem, self._outstanding(row))

    def _outstanding(self, row: UnitRow) -> int | None:
        """Return how many requests the balancers have at a replica; None if one of them cannot say."""
        total = 0
        for other in self.fleet.rows:
            if other.kind is Kind.BALANCER and other.state is State.READY:
                probe = self.probes.of(other.name)
                if probe is None or probe.state is None:
                    return None
                total += probe.state.get("replica", {}).get(row.name, {}).get("outstanding", 0)
        return total

    async def _carry_out(self, spec: ServiceSpec, decided: Decided) -> None:
        """Do what was decided by `spec`, which is not that of an update that comes meanwhile."""
        asked = (*LIVING, State.DRAINING)
        here = [row for row in decided.fleet.rows if row.gone is None]
        self.probes.watch({row.name: row for row in here if row.state in asked})
        for row in decided.launch:
            try:
                self._actor.launch(row, await self._order(spec, row, here))
            except ProviderError as error:
                _log.warning("%s: cannot be launched yet: %s", row.name, error)
        for row in decided.terminate:
            self._actor.terminate(row, grace_s(row, spec.drain_s))
        self.naming.keep(decided.published, tls="tls" in spec.balancer_settings)
        rows = {row.name: row for row in here}
        for name, assignment in decided.assignments.items():
            try:
                await self._push(rows[name], assignment)
            except ProviderError as error:
                _log.warning("%s: keeps the targets that it has: %s", name, error)
            if rows[name].kind is Kind.BALANCER:
                self._renew(spec, rows[name], decided.fleet.service.version)

    async def _order(self, spec: ServiceSpec, row: UnitRow, here: Sequence[UnitRow]) -> Order:
        if row.kind is Kind.REPLICA:
            return order_for(spec, row, self._token)
        if row.kind is Kind.BALANCER:
            begin = at_first(spec, here, row, self._tools.distance)
            return order_for(spec, row, self._token, await self._targets(row.region, begin))
        ready = [one.name for one in here if one.kind is Kind.REPLICA and one.state is State.READY]
        targets = [target for name in ready if (target := await self._target(row.region, name))]
        return router_order(spec, row, self._token, targets)

    async def _push(self, row: UnitRow, assignment: Assignment) -> None:
        probe = self.probes.of(row.name)
        there = None if probe is None else probe.state
        self._actor.push(row, await self._targets(row.region, assignment), there)
        for name, said in ({} if there is None else there.get("replica", {})).items():
            draining = name in assignment.draining
            if name in assignment.replicas and draining != (said.get("health") == "draining"):
                self._actor.drain(row, name, draining=draining)

    async def _targets(self, region: str, assignment: Assignment) -> dict[str, Any]:
        """Return what is assigned as a balancer takes it. Raises `ProviderError`."""
        return {
            "replicas": [t for n in assignment.replicas if (t := await self._target(region, n))],
            "peers": [t for n in assignment.peers if (t := await self._target(region, n))],
        }

    async def _target(self, region: str, name: str) -> dict[str, Any] | None:
        unit = self.units.get(name)
        if unit is None or unit.address is None:
            return None
        return {"id": name, "address": await self._provider.address_from(region, unit), "region": unit.region}

    def _renew(self, spec: ServiceSpec, row: UnitRow, version: int) -> None:
        if row.version != version:
            self._actor.renew(row, balancer_settings(spec, row, self._token), version)

    # What it remembers

    def _amend(self, name: str, change: Callable[[UnitRow], UnitRow]) -> None:
        """Change a row by what an order came to."""
        self.fleet = self.fleet.with_rows(change(row) for row in self.fleet.rows if row.name == name)
        self._looked = float("-inf")
        try:
            self._write()
        except StoreError as error:
            _log.error("%s: %s", name, error)  # the next step finds the same again
            self.fleet = self._written
        self._wake.set()

    def _write(self) -> None:
        self._tools.store.save(self.fleet, self._written)
        self._written = self.fleet

    def _say(self, fleet: Fleet) -> None:
        """Log what has changed."""
        before = {row.name: row for row in self.fleet.rows}
        for row in fleet.rows:
            old = before.get(row.name)
            if old is None or old.state is not row.state:
                was = "" if old is None else f" (was {old.state})"
                _log.info("%s: %s%s%s", row.name, row.state, was, f": {row.problem}" if row.problem else "")
        old_state, state = service_state(self.fleet), service_state(fleet)
        if old_state is not state:
            _log.info("%s: %s", self.name, state)
