"""The bench clients of one system: a process for each region that has users, all starting together."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from nightshift.bench.compare.experiment import Experiment, RegionLoad
from nightshift.bench.workloads.arguments import as_words
from nightshift.errors import NightshiftError
from nightshift.processes import parent_in

_STOP_S = 10.0
Counts = Callable[[str, dict[str, int]], None]
"""Called with a region and how many of its requests are done, running and failed."""


class ClientError(NightshiftError):
    """A bench client ended badly."""


@dataclass(frozen=True, slots=True)
class ClientProcess:
    """One region's users."""

    region: str
    process: Process
    log: Path

    async def follow(self, counts: Counts) -> None:
        """Pass its counts on until it ends. Raises `ClientError`."""
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe, as asked for below
        async for line in self.process.stdout:
            with contextlib.suppress(orjson.JSONDecodeError):
                said = orjson.loads(line)
                counts(self.region, {key: int(said[key]) for key in ("done", "running", "failed")})
        status = await self.process.wait()
        if status:
            tail = "".join(f"\n    {line}" for line in self.log.read_text().splitlines()[-8:])
            raise ClientError(f"the bench client of {self.region} ended with status {status}{tail}")

    async def stop(self) -> None:
        """End it if it still runs; it writes what it has."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), _STOP_S)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


async def start_client(
    experiment: Experiment,
    region: RegionLoad,
    repetition: int,
    *,
    endpoint: str,
    model: str,
    folder: Path,
    start_at: float,
) -> ClientProcess:
    """Start the users of `region`; `start_at` is the common time 0 on CLOCK_MONOTONIC.

    The model is named because the SGLang router's own list calls it `unknown`.
    """
    flags = {
        "workload": experiment.workload,
        "region": region.name,
        "endpoint": endpoint,
        "model": model,
        "speed": experiment.speed,
        "start-at": start_at,
        "out": folder / f"records-{region.name}.jsonl",
        "summary-out": folder / f"client-{region.name}.json",
    }
    argv = [f"--{name}={value}" for name, value in flags.items()]
    argv += as_words(experiment.arguments_of(region, repetition))
    log = folder / "logs" / f"client-{region.name}.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "nightshift", "bench", "client"),
            *argv,
            "--progress",
            "--with-parent",
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=stderr,
            env=parent_in(os.environ),
            start_new_session=True,
        )
    return ClientProcess(region.name, process, log)
