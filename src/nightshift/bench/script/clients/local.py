"""Clients as processes of this machine: a job is a unit of the provider `local`, and outlives its submitter.

A region is a name here, and not a place; what lies between two regions is the WAN of the service that is
asked, whose links the endpoints of a job lead through.
"""

import shutil
import sys
from pathlib import Path

from nightshift.bench.script.clients.base import Job, JobState
from nightshift.bench.script.clients.job import files_of
from nightshift.control.providers.base import Kind, Order, Phase, ProviderError, Routing, Unit
from nightshift.control.providers.local import LocalProvider
from nightshift.control.up.runs import state_folder
from nightshift.errors import UserError

_GRACE_S = 10.0


class LocalClients:
    """See the head of the file. `name` keeps several sets of clients apart."""

    poll_s = 0.5

    def __init__(self, name: str, root: Path | None = None) -> None:
        self._name = name
        self._root = root or state_folder() / "clients"
        self._provider = LocalProvider(self._root / "units")

    async def up(self, region: str, *, reload: bool) -> None:
        """There is nothing to be set up but a folder."""
        del reload
        try:
            (self._root / "jobs" / self._name / region).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot write in {self._root}: {error.strerror}; set XDG_STATE_HOME elsewhere"
            ) from error

    async def submit(self, job: Job) -> None:
        """Begin the job's process."""
        unit = _unit_name(job.region, job.name)
        await self._provider.terminate(unit, 0)  # an earlier one, which has ended
        words = job.command(str(self._folder(job.region, job.name)))
        argv = [sys.executable, "-P", "-m", "nightshift", *words]
        program = Routing(tuple(argv), 0)
        await self._provider.launch(
            Order(unit, self._name, Kind.CLIENT, job.region, program, envs=dict(job.envs))
        )

    async def state(self, region: str, name: str) -> JobState:
        """Return how far a job is: it has succeeded when its account is there, which it writes last."""
        unit = await self._unit(region, name)
        account = self._folder(region, name) / files_of(region)[1]
        if unit is not None and unit.phase in (Phase.LAUNCHING, Phase.RUNNING):
            return JobState.RUNNING if unit.phase is Phase.RUNNING else JobState.PENDING
        if account.is_file():
            return JobState.SUCCEEDED
        return JobState.ABSENT if unit is None else JobState.FAILED

    async def log(self, region: str, name: str) -> str:
        """Return the log of the job's unit."""
        pieces = self._provider.logs(_unit_name(region, name), follow=False)
        return b"".join([piece async for piece in pieces]).decode(errors="replace")

    async def fetch(self, region: str, name: str, to: Path) -> None:
        """Copy the job's folder."""
        try:
            shutil.copytree(self._folder(region, name), to, dirs_exist_ok=True)
        except (OSError, shutil.Error) as error:
            raise ProviderError(f"cannot copy what {name} in {region} has written: {error}") from error

    async def cancel(self, region: str, name: str) -> None:
        """End the job's process; it writes what it has."""
        await self._provider.terminate(_unit_name(region, name), _GRACE_S)

    async def down(self, region: str) -> None:
        """End the region's jobs and remove their files; with the last region, their logs too."""
        units = await self._provider.describe(self._name)
        for unit in units.values():
            if unit.region == region:
                await self._provider.terminate(unit.name, _GRACE_S)
        home = self._root / "jobs" / self._name
        shutil.rmtree(home / region, ignore_errors=True)
        if not any(home.glob("*")):
            shutil.rmtree(home, ignore_errors=True)
            await self._provider.clean_up(self._name)

    async def _unit(self, region: str, name: str) -> Unit | None:
        return (await self._provider.describe(self._name)).get(_unit_name(region, name))

    def _folder(self, region: str, name: str) -> Path:
        return self._root / "jobs" / self._name / region / name


def _unit_name(region: str, name: str) -> str:
    return f"{region}.{name}"
