"""A provider without machines, for tests of the controller: a unit gets further when the test says so.

    provider = FakeProvider(clock)
    await provider.launch(order)            # Phase.LAUNCHING, no address
    provider.finish_launch("svc1-r1")       # Phase.RUNNING, with an address (and `admin` for a balancer)
    provider.kill("svc1-r1")                # Phase.STOPPED: it has ended by itself, or was preempted

Failures: `fail_launch` (before `launch`: it raises; after: the unit is FAILED), `fail_launches` (all orders
that a condition holds for, such as those of a region), `fail_terminate`. `calls` has every call of a
provider's method, in order, with the clock's time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace

from nightshift.control.providers.base import Kind, Order, Phase, ProviderError, Unit
from nightshift.control.service.spec import ServiceSpec
from nightshift.errors import UserError


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a provider's method. `name` is the unit's, or the service's where the method takes that."""

    method: str
    name: str
    at_s: float
    grace_s: float | None = None
    """Of `terminate`."""


@dataclass(slots=True)
class FakeUnit:
    """What is there of one order."""

    order: Order
    unit: Unit

    @property
    def phase(self) -> Phase:
        """How far it has come."""
        return self.unit.phase


@dataclass(slots=True)
class World:
    """What outlives a provider object: the units, their logs, what services share."""

    units: dict[str, FakeUnit] = field(default_factory=dict)
    prepared: dict[str, ServiceSpec] = field(default_factory=dict)
    links: dict[tuple[str, str], str] = field(default_factory=dict)
    """Region and unit -> where that region reaches the unit, over the WAN."""
    logs: dict[str, bytes] = field(default_factory=dict)
    log_of: dict[str, str] = field(default_factory=dict)
    """Unit -> its service, which decides how long the log is kept."""
    numbers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def new_host(self) -> str:
        """Return a host that no unit had before."""
        self.numbers += 1
        return f"10.0.{self.numbers // 250}.{self.numbers % 250 + 1}"

    def notify(self) -> None:
        """Wake whoever follows a log."""
        self.changed.set()
        self.changed = asyncio.Event()


class FakeProvider:
    """See the head of the file."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, world: World | None = None) -> None:
        self.world = world or World()
        self.calls: list[Call] = []
        self._clock = clock
        self._refusals: list[tuple[Callable[[Order], bool], ProviderError]] = []
        self._stuck: dict[str, str] = {}

    # What a test does.

    @property
    def units(self) -> dict[str, FakeUnit]:
        """All units that are there, of all services, by name."""
        return self.world.units

    def again(self) -> "FakeProvider":
        """Return the provider of a controller that was started anew: same units, nothing remembered."""
        return FakeProvider(self._clock, self.world)

    def finish_launch(self, name: str) -> Unit:
        """Let a launching unit run; return it."""
        unit = self.units[name].unit
        assert unit.phase is Phase.LAUNCHING, f"{name} is {unit.phase}"
        host = self.world.new_host()
        admin = f"{host}:8001" if unit.kind is Kind.BALANCER else None
        return self._set(name, phase=Phase.RUNNING, address=f"{host}:8000", admin=admin)

    def finish_launches(self) -> list[str]:
        """Let all launching units run; return their names."""
        names = [name for name, there in self.units.items() if there.phase is Phase.LAUNCHING]
        for name in names:
            self.finish_launch(name)
        return names

    def kill(self, name: str, problem: str = "was killed by SIGKILL") -> None:
        """Let a unit end by itself, or be taken away."""
        self._set(name, phase=Phase.STOPPED, problem=problem)

    def vanish(self, name: str) -> None:
        """Let a unit be gone without a trace, as when somebody deletes the machine by hand."""
        del self.units[name]
        self.world.notify()

    def fail_launch(self, name: str, problem: str, permanent: bool = False) -> None:
        """Fail a unit: one that launches is FAILED, one that is not there yet cannot be launched."""
        if name in self.units:
            self._set(name, phase=Phase.FAILED, problem=problem)
        else:
            self.fail_launches(lambda order: order.name == name, problem, permanent)

    def fail_launches(self, when: Callable[[Order], bool], problem: str, permanent: bool = False) -> None:
        """Let `launch` raise for every order that `when` holds for, until `mend`."""
        self._refusals.append((when, ProviderError(problem, permanent=permanent)))

    def fail_terminate(self, name: str, problem: str) -> None:
        """Let `terminate` of a unit raise, until `mend`."""
        self._stuck[name] = problem

    def mend(self) -> None:
        """Nothing fails any more."""
        self._refusals.clear()
        self._stuck.clear()

    def write_log(self, name: str, data: bytes) -> None:
        """Let a unit write."""
        self.world.logs[name] += data
        self.world.notify()

    def called(self, method: str) -> list[str]:
        """Return the names that a method was called with, in order."""
        return [call.name for call in self.calls if call.method == method]

    # What a provider does.

    async def prepare(self, spec: ServiceSpec) -> None:
        await self._call("prepare", spec.name)
        self.world.prepared[spec.name] = spec

    async def launch(self, order: Order) -> None:
        await self._call("launch", order.name)
        if order.name in self.units:
            return
        for when, error in self._refusals:
            if when(order):
                raise ProviderError(str(error), permanent=error.permanent)
        unit = Unit(order.name, order.kind, order.region, Phase.LAUNCHING, resources="1x fake")
        self.units[order.name] = FakeUnit(order, unit)
        self.world.logs.setdefault(order.name, f"launched {order.name}\n".encode())
        self.world.log_of[order.name] = order.service

    async def describe(self, service: str) -> Mapping[str, Unit]:
        await self._call("describe", service)
        return {name: there.unit for name, there in self.units.items() if there.order.service == service}

    async def terminate(self, name: str, grace_s: float) -> None:
        await self._call("terminate", name, grace_s)
        if problem := self._stuck.get(name):
            raise ProviderError(problem)
        self.units.pop(name, None)
        self.world.links = {way: at for way, at in self.world.links.items() if way[1] != name}
        self.world.notify()

    async def address_from(self, region: str, unit: Unit) -> str:
        await self._call("address_from", unit.name)
        if unit.address is None:
            raise ProviderError(f"{unit.name} has no address yet")
        there = self.units.get(unit.name)
        spec = self.world.prepared.get(there.order.service) if there else None
        if region == unit.region or spec is None or spec.wan is None:
            return unit.address
        way = (region, unit.name)
        if way not in self.world.links:
            self.world.links[way] = f"127.0.0.1:{20000 + len(self.world.links)}"
        return self.world.links[way]

    def settings_there(self, settings: Mapping[str, object]) -> Mapping[str, object]:
        return settings

    async def logs(self, name: str, *, follow: bool) -> AsyncIterator[bytes]:
        await self._call("logs", name)
        if name not in self.world.logs:
            raise UserError(f"nothing is known of a unit {name!r}")
        at = 0
        while True:
            changed = self.world.changed
            if data := self.world.logs.get(name, b"")[at:]:
                at += len(data)
                yield data
            elif follow and name in self.units and self.units[name].phase in (Phase.LAUNCHING, Phase.RUNNING):
                await changed.wait()
            else:
                return

    async def clean_up(self, service: str) -> None:
        await self._call("clean_up", service)
        left = [name for name, there in self.units.items() if there.order.service == service]
        if left:
            raise ProviderError(f"{', '.join(left)} of {service} are still there; terminate them first")
        self.world.prepared.pop(service, None)
        for name in [name for name, of in self.world.log_of.items() if of == service]:
            del self.world.logs[name], self.world.log_of[name]

    async def leftovers(self, service: str) -> list[str]:
        await self._call("leftovers", service)
        units = [f"unit {name}" for name, there in self.units.items() if there.order.service == service]
        return units + [f"network of {name}" for name in self.world.prepared if name == service]

    def _set(self, name: str, **changes: object) -> Unit:
        there = self.units[name]
        there.unit = replace(there.unit, **changes)  # type: ignore[arg-type]  # fields of Unit, named above
        self.world.notify()
        return there.unit

    async def _call(self, method: str, name: str, grace_s: float | None = None) -> None:
        self.calls.append(Call(method, name, self._clock(), grace_s))
        await asyncio.sleep(0)  # as any real one, it lets others run
