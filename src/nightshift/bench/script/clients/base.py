"""Where bench jobs run: a machine (or, here, a group of processes) in each region, and jobs on it.

A job is one run of `nightshift bench client`: the users of one region on one system. It has a name that all
regions share, and is known by name and region. Every method may be called again after a crash of its caller,
by another process: nothing is kept in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class JobState(StrEnum):
    """How far a job is."""

    ABSENT = "ABSENT"
    """Never submitted, or forgotten with its machine."""
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    """It ended badly, was cancelled, or its machine is gone."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is submitted. `words` are arguments of `nightshift bench client`."""

    name: str
    region: str
    start_epoch: float
    """Common time 0 of all regions, in seconds since 1970 by the clock of the machine."""
    submitted_epoch: float
    """Now, by the clock of who submits: a job that began before it has a clock that is behind."""
    words: tuple[str, ...]
    envs: Mapping[str, str] = field(default_factory=dict, repr=False)

    def command(self, folder: str) -> list[str]:
        """Return the arguments of `nightshift` that make a process this job, with its files in `folder`."""
        times = [f"--start-epoch={self.start_epoch!r}", f"--submitted-epoch={self.submitted_epoch!r}"]
        own = [f"--folder={folder}", f"--region={self.region}", *times]
        return ["bench", "clients", "job", *own, "--", *self.words]


class Clients(Protocol):
    """See the head of the file. Methods raise `ProviderError`."""

    poll_s: float
    """How often it makes sense to ask for the state of a job."""

    async def up(self, region: str, *, reload: bool) -> None:
        """Let there be a machine in a region; return when jobs can be submitted.

        One that is up is left as it is, or set up anew with `reload`.
        """

    async def submit(self, job: Job) -> None:
        """Begin a job; it goes on by itself. A job of its name and region must not be running."""

    async def state(self, region: str, name: str) -> JobState:
        """Return how far a job is."""

    async def log(self, region: str, name: str) -> str:
        """Return what a job has written so far."""

    async def fetch(self, region: str, name: str, to: Path) -> None:
        """Copy a job's files into the folder `to`, which is there."""

    async def cancel(self, region: str, name: str) -> None:
        """End a job, if it runs."""

    async def down(self, region: str) -> None:
        """Let nothing be left in a region: no job, no file, no machine."""
