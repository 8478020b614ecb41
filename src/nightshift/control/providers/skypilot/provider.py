"""The provider `skypilot`: one cluster for each unit. SkyPilot's calls block, so they run in threads."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from nightshift.control.providers.base import Order, ProviderError, Unit
from nightshift.control.providers.skypilot.checking import check
from nightshift.control.providers.skypilot.describing import last_known, unit_of
from nightshift.control.providers.skypilot.failures import provider_error
from nightshift.control.providers.skypilot.files import taken_along
from nightshift.control.providers.skypilot.finding import found_units
from nightshift.control.providers.skypilot.launching import launch
from nightshift.control.providers.skypilot.logs import tail
from nightshift.control.providers.skypilot.names import cluster_name
from nightshift.control.providers.skypilot.records import Records, UnitRecord
from nightshift.control.providers.skypilot.sdk import Sky, load
from nightshift.control.providers.skypilot.source import nightshift_source
from nightshift.control.service.spec import ServiceSpec
from nightshift.errors import NightshiftError, UserError

_T = TypeVar("_T")
_REFRESH_S = 60.0
"""How often the clouds are asked whether machines are still there: it takes them seconds."""
_POLL_S = 1.0


class SkyPilotProvider:
    """See the head of the file. `folder` keeps a record and a log of each unit; `sky` is for tests."""

    def __init__(
        self,
        folder: Path,
        *,
        sky: Any = None,  # noqa: ANN401 - as in jobs.py
        source: str | None = None,
        refresh_s: float = _REFRESH_S,
    ) -> None:
        self._records = Records(folder)
        self._given = sky
        self._source = source
        self._refresh_s = refresh_s
        self._refreshed: dict[str, float] = {}
        self._known: dict[str, Unit] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._threads = ThreadPoolExecutor(32, thread_name_prefix="skypilot")

    async def prepare(self, spec: ServiceSpec) -> None:
        """Check that SkyPilot is there and may use the clouds and regions of the service."""
        nightshift_source(self._source)
        places = [place.resources for place in spec.places]
        places += [balancer.resources for balancer in spec.balancers]
        await self._call(spec.name, lambda sky: check(sky, places))

    async def launch(self, order: Order) -> None:
        """Begin to launch a unit; one that is there already, in whatever phase, is left alone."""
        # A thread cannot be cancelled: until it has ended, nobody else shall launch or end this unit.
        await asyncio.shield(self._launch(order))

    async def _launch(self, order: Order) -> None:
        async with self._turns[order.name]:
            await self._call(order.name, lambda sky: launch(sky, self._records, order, self._source))

    async def describe(self, service: str) -> Mapping[str, Unit]:
        """Return all units of a service that are there in any phase, by name.

        One that cannot be asked is as it was. Raises `ProviderError` if none can be asked.
        """
        now = asyncio.get_running_loop().time()
        refresh = now - self._refreshed.get(service, -self._refresh_s) >= self._refresh_s
        if refresh:
            self._refreshed[service] = now
        found = await self._call(
            service, lambda sky: found_units(sky, self._records, service, refresh=refresh)
        )
        units = await asyncio.gather(*(self._unit(record, cluster) for record, cluster in found))
        return {unit.name: unit for unit in units if unit is not None}

    async def _unit(self, record: UnitRecord, cluster: Any) -> Unit | None:  # noqa: ANN401
        try:
            unit = await self._call(record.name, lambda sky: unit_of(sky, self._records, record, cluster))
        except ProviderError as error:
            return last_known(record, self._known.get(record.name), error)
        if unit is not None:
            self._known[record.name] = unit
        return unit

    async def terminate(self, name: str, grace_s: float) -> None:
        """End a unit: its command first, which gets `grace_s` seconds, then its cluster."""
        async with self._turns[name]:
            record = self._records.find(name)
            await self._call(name, lambda sky: _abort(sky, name, record))
            is_there = await self._call(name, lambda sky: bool(sky.clusters([cluster_name(name)])))
            if is_there:
                await self._end_job(name, grace_s)
            if record:
                await self._keep_log(record)
            if is_there:
                await self._call(name, lambda sky: _down(sky, name))
            self._records.remove(name)
            self._known.pop(name, None)

    async def _end_job(self, name: str, grace_s: float) -> None:
        cluster = cluster_name(name)
        try:
            async with asyncio.timeout(grace_s):
                await self._call(name, lambda sky: sky.cancel(cluster))
                while await self._works(name):  # noqa: ASYNC110 - SkyPilot has no events
                    await asyncio.sleep(_POLL_S)
        except (TimeoutError, ProviderError):
            return  # `down` ends whatever still runs

    async def _works(self, name: str) -> bool:
        job = await self._call(name, lambda sky: sky.job(cluster_name(name), name))
        return job in ("RUNNING", "SETTING_UP")

    async def _keep_log(self, record: UnitRecord) -> None:
        """Keep what there is: of a machine that never came, or is gone, the log of its launch."""
        try:
            log = b"".join([data async for data in tail(self._open, record.name, follow=False)])
        except (ProviderError, UserError):
            return
        if log:
            self._records.keep_log(record, log)

    async def address_from(self, region: str, unit: Unit) -> str:
        """Return the unit's public address: between clouds there is no other."""
        del region
        if unit.address is None:
            raise ProviderError(f"{unit.name} has no address yet")
        return unit.address

    def settings_there(self, settings: Mapping[str, object]) -> Mapping[str, object]:
        """See `Provider.settings_there`."""
        return taken_along(settings)[0]

    async def logs(self, name: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Yield what units of this name have written, and with `follow` what the unit goes on to write."""
        kept = self._records.kept_log(name)
        if kept:
            yield kept
        is_known = self._records.find(name) is not None
        if is_known or await self._call(name, lambda sky: bool(sky.clusters([cluster_name(name)]))):
            async for data in tail(self._open, name, follow=follow):
                yield data
        elif kept is None:
            raise UserError(f"there is no cluster and no log of a unit {name!r}")

    async def clean_up(self, service: str) -> None:
        """Delete the logs of a service, once no unit is left."""
        left = await self.describe(service)
        if left:
            raise ProviderError(f"{', '.join(left)} of {service} are still there; terminate them first")
        self._records.clear(service)

    async def leftovers(self, service: str) -> list[str]:
        """Return the clusters of a service that SkyPilot still lists, a line each."""
        found = await self._call(service, lambda sky: found_units(sky, self._records, service, refresh=False))
        return [
            f"cluster {cluster_name(record.name)} ({cluster['status'].value})"
            if cluster
            else f"record of {record.name}, which has no cluster"
            for record, cluster in found
        ]

    def _open(self) -> Sky:
        return Sky(self._given or load())

    async def _call(self, name: str, call: Callable[[Sky], _T]) -> _T:
        """Run a call in a thread; an error of SkyPilot becomes a `ProviderError` about `name`."""

        def run() -> _T:
            try:
                return call(self._open())
            except NightshiftError:
                raise
            except Exception as error:  # its and the clouds' errors have no common base; none is lost
                raise provider_error(name, error) from error

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)


def _abort(sky: Sky, name: str, record: UnitRecord | None) -> None:
    """Abort the launch of a unit, also one that was never written down."""
    going_on = sky.launching().get(cluster_name(name))
    if going_on:
        sky.abort(going_on)
    elif record and record.request and sky.request(record.request) in ("PENDING", "WAITING", "RUNNING"):
        sky.abort(record.request)


def _down(sky: Sky, name: str) -> None:
    cluster = cluster_name(name)
    sky.down(cluster)
    if sky.clusters([cluster]):
        raise ProviderError(f"{name}: SkyPilot still lists its cluster; run `sky down {cluster}`")
