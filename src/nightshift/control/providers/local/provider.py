"""The provider `local`: see `nightshift.control.providers.base` for what its methods promise.

It keeps nothing in memory. What there is follows from the folders (`layout`) and from /proc, so that any
number of objects, in any number of processes, on one state folder see and do the same.
"""

import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from nightshift.control.local.recipes import Programs
from nightshift.control.providers.base import Order, ProviderError, Unit
from nightshift.control.providers.local import checks, locks, spawn
from nightshift.control.providers.local import unit as units
from nightshift.control.providers.local.layout import Layout, Place
from nightshift.control.providers.local.logs import stream
from nightshift.control.providers.local.programs import start_of
from nightshift.control.providers.local.record import Intent, read_record
from nightshift.control.providers.local.relay import Relays
from nightshift.control.service.spec import ServiceSpec
from nightshift.errors import UserError


class LocalProvider:
    """Runs units as processes of this machine, with everything about them below the folder `state`."""

    def __init__(self, state: Path, *, programs: Programs | None = None) -> None:
        self._layout = Layout(state.absolute())
        self._programs = programs or Programs()
        self._relays = Relays(self._layout, self._programs)

    def __repr__(self) -> str:
        return f"LocalProvider({str(self._layout.state)!r})"

    async def prepare(self, spec: ServiceSpec) -> None:
        """Check packages, ports, folder and regions; start the WAN, or start it anew if it has died."""
        checks.check_engine(spec)
        checks.check_wan(spec)
        checks.check_folder(self._layout.service(spec.name))
        running = (place for place in self._layout.units(spec.name) if units.is_there(place))
        records = [record for place in running if (record := read_record(place)) is not None]
        checks.check_ports(spec, [port for record in records for port in record.ports])
        try:
            await self._relays.prepare(spec)
        except ProviderError as error:
            raise UserError(f"cannot start the WAN of {spec.name}: {error}") from error

    async def launch(self, order: Order) -> None:
        """Begin a unit's process; return once its program has begun. Raises `ProviderError`."""
        place = self._place(order)
        try:
            async with locks.holding(place.lock) as lock:
                if read_record(place) is not None:
                    return
                await self._begin(order, place, lock)
        except OSError as error:
            raise ProviderError(f"cannot launch {order.name}: {error}") from error
        record = read_record(place)
        if record is not None:
            await self._relays.follow(order.service, order.name, record.address)

    async def describe(self, service: str) -> Mapping[str, Unit]:
        """Return the units of a service, by name."""
        found = map(units.describe, self._layout.units(service))
        return {unit.name: unit for unit in found if unit is not None}

    async def terminate(self, name: str, grace_s: float) -> None:
        """End a unit, at the latest `grace_s` seconds from now by SIGKILL; keep its log."""
        place = self._layout.find(name)
        if place is None:
            return
        try:
            async with locks.holding(place.lock):
                await units.end(place, grace_s)
        except OSError as error:
            raise ProviderError(f"cannot end {name}: {error}") from error
        await self._relays.forget(place.service, name)

    async def address_from(self, region: str, unit: Unit) -> str:
        """Return the unit's address, or that of a link to it from another region."""
        if unit.address is None:
            raise ProviderError(f"{unit.name} has no address yet")
        place = self._layout.find(unit.name)
        if place is None or region == unit.region:
            return unit.address
        return await self._relays.link(place.service, region, unit)

    def settings_there(self, settings: Mapping[str, object]) -> Mapping[str, object]:
        """See `Provider.settings_there`."""
        return settings

    async def logs(self, name: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Yield the unit's log; with `follow` until the unit has ended."""
        log = self._layout.log_of(name)
        if log is None:
            raise UserError(f"there is no log of a unit {name!r}")

        def goes_on() -> bool:
            place = self._layout.find(name) if follow else None
            return place is not None and units.is_there(place)

        async for piece in stream(log, goes_on):
            yield piece

    async def clean_up(self, service: str) -> None:
        """End the WAN and remove what is kept of a service, its logs too."""
        left = [place for place in self._layout.units(service) if units.describe(place) is not None]
        if left:
            names = ", ".join(place.name for place in left)
            raise ProviderError(f"{names} of {service} are still there; terminate them first")
        if self._layout.parts(service):
            await self._relays.end(service)
        for part in self._layout.parts(service):
            try:
                shutil.rmtree(part)
            except OSError as error:
                raise ProviderError(f"cannot remove {part}: {error}") from error
        home = self._layout.service(service)
        if home.exists() and not any(home.iterdir()):
            home.rmdir()

    async def leftovers(self, service: str) -> list[str]:
        """Return processes that run, ports that are listened on, and folders, of units and of the WAN."""
        places = [*self._layout.units(service), self._layout.relay(service)]
        lines = [line for place in places for line in _left_of(place)]
        return lines + [f"folder {part}" for part in self._layout.parts(service)]

    def _place(self, order: Order) -> Place:
        try:
            return self._layout.unit(order.service, order.name)
        except UserError as error:
            raise ProviderError(str(error), permanent=True) from error

    async def _begin(self, order: Order, place: Place, lock: int) -> None:
        with start_of(order, place, self._programs) as start:
            intent = Intent(
                name=order.name,
                service=order.service,
                kind=order.kind,
                region=order.region,
                program=start.program,
                argv=tuple(start.argv),
                address=start.address,
                admin=start.admin,
                ports=tuple(start.ports),
            )
            await spawn.begin(place, intent, start, lock)


def _left_of(place: Place) -> list[str]:
    record = read_record(place)
    if record is None:
        return [f"launch of {place.name}"] if locks.is_held(place.lock) else []
    processes = units.session_of(place, record).members()
    lines = [f"process {process.pid} of {place.name} ({record.program})" for process in processes]
    return lines + [f"port {port} of {place.name}" for port in record.ports if units.is_bound(port)]
