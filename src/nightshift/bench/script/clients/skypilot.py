"""Clients on clouds: one cluster of SkyPilot in each region, and the jobs in its queue."""

import asyncio
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from nightshift.bench.script.clients.base import Job, JobState
from nightshift.control.providers.skypilot.failures import provider_error
from nightshift.control.providers.skypilot.jobs import SkyMachines, copy_from, job_task, machine_task
from nightshift.control.providers.skypilot.names import cluster_name
from nightshift.control.providers.skypilot.sdk import load
from nightshift.control.providers.skypilot.source import nightshift_source
from nightshift.errors import NightshiftError

_T = TypeVar("_T")
_STATES = {
    "INIT": JobState.PENDING,
    "PENDING": JobState.PENDING,
    "SETTING_UP": JobState.PENDING,
    "RUNNING": JobState.RUNNING,
    "SUCCEEDED": JobState.SUCCEEDED,
}
_JOBS = ".nightshift/bench"
"""Below the home of the machine's user."""

CopyFrom = Callable[[str, str, Path], None]


class SkyPilotClients:
    """See the head of the file. `resources` are SkyPilot's, without a region."""

    poll_s = 10.0

    def __init__(
        self,
        name: str,
        resources: Mapping[str, object],
        *,
        sky: Any = None,  # noqa: ANN401 - the module, or a test's stand-in
        copy: CopyFrom = copy_from,
    ) -> None:
        self._name = name
        self._resources = resources
        self._given = sky
        self._copy = copy

    def cluster(self, region: str) -> str:
        """Return the name of a region's cluster."""
        return cluster_name(self._unit(region))

    async def up(self, region: str, *, reload: bool) -> None:
        """Launch the region's cluster, unless it is up; see `Clients.up`."""
        cluster = self.cluster(region)
        if not reload and await self._call(region, lambda sky: sky.is_up(cluster)):
            return
        resources = {**self._resources, "region": region}
        task = machine_task(self._unit(region), region, resources, nightshift_source())
        await self._call(region, lambda sky: sky.up(task, cluster))

    async def submit(self, job: Job) -> None:
        """Give the job to the region's cluster."""
        words = ["nightshift", *job.command(f"~/{_JOBS}/{job.name}")]
        task = job_task(job.name, shlex.join(words), job.envs)
        await self._call(job.region, lambda sky: sky.submit(task, self.cluster(job.region)))

    async def state(self, region: str, name: str) -> JobState:
        """Return what SkyPilot's queue says of the last job of this name."""
        state = await self._call(region, lambda sky: sky.state(self.cluster(region), name))
        return JobState.ABSENT if state is None else _STATES.get(state, JobState.FAILED)

    async def log(self, region: str, name: str) -> str:
        """Return the log of the job."""
        return await self._call(region, lambda sky: sky.log(self.cluster(region), name))

    async def fetch(self, region: str, name: str, to: Path) -> None:
        """Copy the job's folder from its machine."""
        await asyncio.to_thread(self._copy, self.cluster(region), f"{_JOBS}/{name}", to)

    async def cancel(self, region: str, name: str) -> None:
        """Cancel the job."""
        await self._call(region, lambda sky: sky.cancel(self.cluster(region), name))

    async def down(self, region: str) -> None:
        """Take the region's cluster down."""
        await self._call(region, lambda sky: sky.down(self.cluster(region)))

    def _unit(self, region: str) -> str:
        return f"{self._name}-client-{region}"

    async def _call(self, region: str, call: Callable[[SkyMachines], _T]) -> _T:
        def run() -> _T:
            try:
                return call(SkyMachines(self._given or load()))
            except NightshiftError:
                raise
            except Exception as error:  # SkyPilot's and the clouds' have no common base; raised again
                raise provider_error(self._unit(region), error) from error

        return await asyncio.to_thread(run)
