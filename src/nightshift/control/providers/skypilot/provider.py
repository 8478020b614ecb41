"""The provider `skypilot`: one cluster for each unit. SkyPilot's calls block, so they run in threads."""

import asyncio
import io
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from nightshift.control.providers.base import Order, ProviderError, Unit
from nightshift.control.providers.skypilot.describing import unit_of
from nightshift.control.providers.skypilot.failures import provider_error
from nightshift.control.providers.skypilot.names import cluster_name, service_and_kind, unit_name
from nightshift.control.providers.skypilot.records import Records, UnitRecord
from nightshift.control.providers.skypilot.sdk import Sky, load
from nightshift.control.providers.skypilot.source import nightshift_source
from nightshift.control.providers.skypilot.tasks import cloud_of, port_of, task_of
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
        sky: Any = None,  # noqa: ANN401
        source: str | None = None,
        refresh_s: float = _REFRESH_S,
    ) -> None:
        self._records = Records(folder)
        self._given = sky
        self._source = source
        self._refresh_s = refresh_s
        self._refreshed: dict[str, float] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._threads = ThreadPoolExecutor(32, thread_name_prefix="skypilot")

    async def prepare(self, spec: ServiceSpec) -> None:
        """Check that SkyPilot is there and may use the clouds and regions of the service."""
        nightshift_source(self._source)
        places = [place.resources for place in spec.places]
        places += [balancer.resources for balancer in spec.balancers]
        await self._call(spec.name, lambda sky: _check(sky, places))

    async def launch(self, order: Order) -> None:
        """Begin to launch a unit; one that is there already, in whatever phase, is left alone."""
        async with self._turns[order.name]:
            await self._call(order.name, lambda sky: self._launch(sky, order))

    def _launch(self, sky: Sky, order: Order) -> None:
        cluster = cluster_name(order.name)
        there = self._records.find(order.name)
        if (there and there.request) or sky.clusters([cluster]):
            return
        task = task_of(order, nightshift_source(self._source))
        record = self._records.write(
            UnitRecord(order.name, order.service, order.kind, order.region, port_of(order))
        )
        try:
            self._records.write(replace(record, request=sky.launch(task, cluster)))
        except Exception:
            self._records.remove(order.name)
            raise

    async def describe(self, service: str) -> Mapping[str, Unit]:
        """Return all units of a service that are there in any phase, by name."""
        now = asyncio.get_running_loop().time()
        refresh = now - self._refreshed.get(service, -self._refresh_s) >= self._refresh_s
        if refresh:
            self._refreshed[service] = now
        found = await self._call(service, lambda sky: self._found(sky, service, refresh=refresh))

        def asked(record: UnitRecord, cluster: Any) -> Awaitable[Unit]:  # noqa: ANN401
            return self._call(record.name, lambda sky: unit_of(sky, self._records, record, cluster))

        units = await asyncio.gather(*(asked(record, cluster) for record, cluster in found))
        return {unit.name: unit for unit in units}

    def _found(self, sky: Sky, service: str, *, refresh: bool) -> list[tuple[UnitRecord, Any]]:
        records = {record.name: record for record in self._records.of(service)}
        clusters = sky.clusters()
        for cluster in clusters:
            unit = unit_name(cluster)
            said = service_and_kind(unit) if unit and unit not in records else None
            if unit and said and said[0] == service:  # its record was lost
                region = str(clusters[cluster].get("region") or "")
                records[unit] = UnitRecord(unit, service, said[1], region, None, was_up=True)
        ours = [cluster_name(unit) for unit in records if cluster_name(unit) in clusters]
        if refresh and ours:
            clusters = sky.clusters(ours, refresh=True)
        return [(record, clusters.get(cluster_name(unit))) for unit, record in records.items()]

    async def terminate(self, name: str, grace_s: float) -> None:
        """End a unit: its command first, which gets `grace_s` seconds, then its cluster."""
        async with self._turns[name]:
            record = self._records.find(name)
            if record and record.request:
                await self._call(name, lambda sky: _abort(sky, record.request))
            if await self._call(name, lambda sky: sky.clusters([cluster_name(name)])):
                await self._end_job(name, grace_s)
                if record:
                    await self._keep_log(record)
                await self._call(name, lambda sky: _down(sky, name))
            self._records.remove(name)

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
        job = await self._call(name, lambda sky: sky.job(cluster_name(name)))
        return job in ("RUNNING", "SETTING_UP")

    async def _keep_log(self, record: UnitRecord) -> None:
        try:
            log = b"".join([data async for data in self._tail(record.name, follow=False)])
        except (ProviderError, UserError):
            return
        self._records.keep_log(record, log)

    async def address_from(self, region: str, unit: Unit) -> str:
        """Return the unit's public address: between clouds there is no other."""
        del region
        if unit.address is None:
            raise ProviderError(f"{unit.name} has no address yet")
        return unit.address

    async def logs(self, name: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Yield what units of this name have written, and with `follow` what the unit goes on to write."""
        kept = self._records.kept_log(name)
        if kept:
            yield kept
        if await self._call(name, lambda sky: sky.clusters([cluster_name(name)])):
            async for data in self._tail(name, follow=follow):
                yield data
        elif kept is None:
            raise UserError(f"there is no cluster and no log of a unit {name!r}")

    async def _tail(self, name: str, *, follow: bool) -> AsyncIterator[bytes]:
        stream = _Lines(asyncio.get_running_loop())
        failed: list[BaseException] = []

        def read() -> None:
            try:
                Sky(self._given or load()).log(cluster_name(name), stream, follow=follow)
            except Exception as error:  # noqa: BLE001 - told by whoever reads
                failed.append(error)
            finally:
                stream.end()

        # Not of the pool, whose end waits for its threads: this one may wait for a unit that says nothing.
        threading.Thread(target=read, daemon=True).start()
        try:
            while (data := await stream.queue.get()) is not None:
                yield data
        finally:
            stream.stopped = True
        if failed:
            raise provider_error(name, failed[0])

    async def clean_up(self, service: str) -> None:
        """Delete the logs of a service, once no unit is left."""
        left = await self.describe(service)
        if left:
            raise ProviderError(f"{', '.join(left)} of {service} are still there; terminate them first")
        self._records.clear(service)

    async def leftovers(self, service: str) -> list[str]:
        """Return the clusters of a service that SkyPilot still lists, a line each."""
        found = await self._call(service, lambda sky: self._found(sky, service, refresh=False))
        return [
            f"cluster {cluster_name(record.name)} ({cluster['status'].value})"
            if cluster
            else f"record of {record.name}, which has no cluster"
            for record, cluster in found
        ]

    async def _call(self, name: str, call: Callable[[Sky], _T]) -> _T:
        """Run a call in a thread; an error of SkyPilot becomes a `ProviderError` about `name`."""

        def run() -> _T:
            try:
                return call(Sky(self._given or load()))
            except NightshiftError:
                raise
            except Exception as error:
                raise provider_error(name, error) from error

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)


class _Lines(io.TextIOBase):
    """A text stream that a thread writes and the event loop reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.stopped = False
        self._loop = loop

    def write(self, text: str) -> int:
        if self.stopped:
            raise BrokenPipeError("nobody reads this log any more")  # ends the thread at the next line
        self._loop.call_soon_threadsafe(self.queue.put_nowait, text.encode())
        return len(text)

    def end(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.queue.put_nowait, None)


def _abort(sky: Sky, request: str) -> None:
    if sky.request(request) in ("PENDING", "WAITING", "RUNNING"):
        sky.abort(request)


def _down(sky: Sky, name: str) -> None:
    cluster = cluster_name(name)
    sky.down(cluster)
    if sky.clusters([cluster]):
        raise ProviderError(f"{name}: SkyPilot still lists its cluster; run `sky down {cluster}`")


def _check(sky: Sky, all_resources: list[Mapping[str, object]]) -> None:
    """Raise `UserError` for clouds that are not enabled, and regions that are not known."""
    clouds = sorted({cloud for resources in all_resources if (cloud := cloud_of(resources))})
    enabled = sky.enabled()
    for cloud in clouds:
        if cloud not in enabled:
            sky.check(cloud)
    if missing := [cloud for cloud in clouds if cloud not in enabled and cloud not in sky.enabled()]:
        names = " ".join(missing)
        raise UserError(f"SkyPilot may not use {names}: run `sky check {names}`, which says what is missing")
    for resources in all_resources:
        _check_region(sky, resources)


def _check_region(sky: Sky, resources: Mapping[str, object]) -> None:
    cloud = cloud_of(resources)
    parts = [*str(resources.get("infra") or "").split("/"), "", ""]
    region, zone = resources.get("region") or parts[1], resources.get("zone") or parts[2]
    if cloud is None or not region or (cloud == "kubernetes" and resources.get("infra")):
        return  # a context may have strokes in its name; SkyPilot knows how to read it
    try:
        sky.check_region(cloud, str(region), str(zone) if zone else None)
    except ValueError as error:
        raise UserError(f"{cloud} has no region {region}: {' '.join(str(error).split())[:300]}") from error
