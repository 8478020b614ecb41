"""The emulated WAN of a service: one relay process, and a link for each region and unit asked for.

The relay is begun, recorded and ended as a unit is. What it shall do lies beside its folder, so that one that
has died is begun anew with the same links, where possible on the same ports:

    wan/settings.json   matrix, jitter, bandwidth, speed
    wan/links.json      name -> from, to, target, unit, and where it listens
    wan/relay/          the folder of the process

All changes are made while the relay's lock is held.
"""

import asyncio
import contextlib
import dataclasses
import shutil
from collections.abc import AsyncIterator
from typing import Any

import orjson

from nightshift.control.local.recipes import Programs
from nightshift.control.providers.base import ProviderError, Unit
from nightshift.control.providers.local import locks, spawn
from nightshift.control.providers.local import unit as units
from nightshift.control.providers.local.launch import FIRST_SOCKET
from nightshift.control.providers.local.layout import Layout, Place
from nightshift.control.providers.local.logs import tail
from nightshift.control.providers.local.programs import Start
from nightshift.control.providers.local.record import Intent, Record, read_record, write_private
from nightshift.control.service.spec import LocalEngine, ServiceSpec
from nightshift.errors import UserError
from nightshift.processes import bind
from nightshift.wan.client import ControlClient

_GRACE_S = 5.0
_SERVE_S = 60.0
"""For the relay's first answer, on a machine that is busy with something else."""

Links = dict[str, dict[str, str]]


class Relays:
    """The relays of all services below a state folder."""

    def __init__(self, layout: Layout, programs: Programs) -> None:
        self._layout = layout
        self._programs = programs

    async def prepare(self, spec: ServiceSpec) -> None:
        """Let the WAN of a service be as the service says. Raises `ProviderError`."""
        place = self._layout.relay(spec.name)
        settings = None if spec.wan is None else _settings(spec)
        if settings is None and not place.folder.parent.exists():
            return
        async with _changing(place) as lock:
            if settings != _read(place, "settings"):
                await self._end(place)
            if settings is not None:
                _write(place, "settings", settings)
                await self._running(place, lock)

    async def link(self, service: str, region: str, unit: Unit) -> str:
        """Return the `host:port` at which `region` reaches a unit: a link's, if the service has a WAN."""
        place = self._layout.relay(service)
        assert unit.address is not None  # noqa: S101 - the provider has looked
        if _read(place, "settings") is None:
            return unit.address
        name = f"{region}:{unit.name}"
        wanted = {"unit": unit.name, "from": region, "to": unit.region, "target": unit.address}
        async with _changing(place) as lock:
            control = await self._running(place, lock)
            links = _links(place)
            if wanted.items() <= links.get(name, {}).items():
                return links[name]["listen"]
            links[name] = await _add(control, name, wanted)
            _write(place, "links", links)
            return links[name]["listen"]

    async def follow(self, service: str, unit: str, address: str) -> None:
        """Let the links to a unit lead to its new address."""
        place = self._layout.relay(service)
        if not any(link["unit"] == unit for link in _links(place).values()):
            return
        async with _changing(place) as lock:
            control = await self._running(place, lock)
            links = _links(place)
            for name, link in links.items():
                if link["unit"] == unit:
                    links[name] = await _add(control, name, {**link, "target": address})
            _write(place, "links", links)

    async def forget(self, service: str, unit: str) -> None:
        """Remove the links to a unit that has ended."""
        place = self._layout.relay(service)
        if not any(link["unit"] == unit for link in _links(place).values()):
            return
        async with _changing(place):
            links = _links(place)
            gone = [name for name, link in links.items() if link["unit"] == unit]
            record = read_record(place)
            if record is not None and record.process.is_running:
                control = ControlClient(record.address)
                for name in gone:
                    with contextlib.suppress(UserError):  # it dies just now, and its links with it
                        await asyncio.to_thread(control.remove_link, name)
            _write(place, "links", {name: link for name, link in links.items() if name not in gone})

    async def end(self, service: str) -> None:
        """End the relay of a service, if it has one."""
        place = self._layout.relay(service)
        async with _changing(place):
            await self._end(place)

    async def _end(self, place: Place) -> None:
        await units.end(place, _GRACE_S)
        shutil.rmtree(place.folder.parent, ignore_errors=True)

    async def _running(self, place: Place, lock: int) -> ControlClient:
        """Return the control of the relay, which is begun anew if it has died. The lock must be held."""
        record = read_record(place)
        has_links = place.folder / "has-links"  # not so, if who began it was killed before it had added them
        if record is None or not record.process.is_running:
            await units.end(place, 0)
            record = await self._begin(place, lock)
        elif has_links.exists():
            return ControlClient(record.address)
        control = ControlClient(record.address)
        await _until_serves(control, place, record)
        links = _links(place)
        for name, link in links.items():
            links[name] = await _add(control, name, link)
        _write(place, "links", links)
        has_links.touch()
        return control

    async def _begin(self, place: Place, lock: int) -> Record:
        with Start(program="nightshift wan") as start:
            start.address = start.take(bind, "127.0.0.1", 0)
            config = {**(_read(place, "settings") or {}), "links": [], "control": {"fd": FIRST_SOCKET}}
            start.config = orjson.dumps(config)
            intent = Intent(
                name=place.name,
                service=place.service,
                kind="wan",
                region="",
                program=start.program,
                argv=(*self._programs.wan, str(place.config)),
                address=start.address,
                ports=tuple(start.ports),
            )
            await spawn.begin(place, intent, start, lock)
        record = read_record(place)
        assert record is not None  # noqa: S101 - `begin` has seen to that
        return record


@contextlib.asynccontextmanager
async def _changing(place: Place) -> AsyncIterator[int]:
    """Hold the relay's lock; what goes wrong with files or the relay is a `ProviderError`."""
    try:
        async with locks.holding(place.lock) as lock:
            yield lock
    except OSError as error:
        raise ProviderError(f"the WAN of {place.service}: {error}") from error


async def _add(control: ControlClient, name: str, link: dict[str, str]) -> dict[str, str]:
    """Add a link, or give it its target; return it with where it listens. Raises `ProviderError`."""
    asked = (name, link["from"], link["to"], link["target"])
    try:
        with contextlib.suppress(UserError):  # its port was taken while the relay was dead
            if listen := link.get("listen"):
                return {**link, "listen": await asyncio.to_thread(control.add_link, *asked, listen)}
        return {**link, "listen": await asyncio.to_thread(control.add_link, *asked)}
    except UserError as error:
        raise ProviderError(f"no link from {link['from']} to {link['unit']}: {error}") from error


async def _until_serves(control: ControlClient, place: Place, record: Record) -> None:
    try:
        async with asyncio.timeout(_SERVE_S):
            while record.process.is_running:
                with contextlib.suppress(UserError):  # no answer yet
                    await asyncio.to_thread(control.links)
                    return
    except TimeoutError as error:
        raise ProviderError(f"the WAN relay does not answer within {_SERVE_S:g} s") from error
    raise ProviderError(f"the WAN relay has ended:{tail(place.log)}")


def _settings(spec: ServiceSpec) -> dict[str, Any]:
    assert spec.wan is not None  # noqa: S101 - the caller has looked
    speed = spec.engine.speed if isinstance(spec.engine, LocalEngine) else 1.0
    seed = spec.engine.seed if isinstance(spec.engine, LocalEngine) else 0
    settings = {"speed": speed, "seed": seed, **dataclasses.asdict(spec.wan)}
    return {key: value for key, value in settings.items() if value is not None}


def _links(place: Place) -> Links:
    return _read(place, "links") or {}


def _read(place: Place, what: str) -> Any:  # noqa: ANN401 - JSON that only this file writes
    try:
        return orjson.loads((place.folder.parent / f"{what}.json").read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        raise ProviderError(f"cannot read what is known of the WAN of {place.service}: {error}") from error


def _write(place: Place, what: str, content: object) -> None:
    place.folder.parent.mkdir(parents=True, exist_ok=True)
    write_private(place.folder.parent / f"{what}.json", orjson.dumps(content))
