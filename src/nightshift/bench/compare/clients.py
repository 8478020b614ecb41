"""The bench clients of one system: a process for each region that has users, all starting together."""

import asyncio
import contextlib
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from nightshift.bench.client.start_line import PREPARED
from nightshift.bench.compare.experiment import Experiment, RegionLoad
from nightshift.bench.workloads.arguments import as_words
from nightshift.errors import NightshiftError
from nightshift.processes import parent_in

_PREPARE_S = 600.0
"""Real seconds to make or read the conversations."""
_LEAD_S = 0.3
"""Real seconds from telling clients the start to it."""
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

    async def prepared(self) -> None:
        """Wait until its conversations are made. Raises `ClientError`."""
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe, as asked for below
        try:
            async with asyncio.timeout(_PREPARE_S):
                async for line in self.process.stdout:
                    if _read(line).get("event") == PREPARED:
                        return
                raise await self._ended_badly()
        except TimeoutError as error:
            raise ClientError(
                f"the bench client of {self.region} was not prepared within {_PREPARE_S:g} s; "
                f"its log is {self.log}"
            ) from error

    def begin(self, start_at: float) -> None:
        """Tell it time 0, in seconds of CLOCK_MONOTONIC."""
        assert self.process.stdin is not None  # noqa: S101 - it is a pipe, as asked for below
        self.process.stdin.write(f"{start_at!r}\n".encode())

    async def follow(self, counts: Counts) -> None:
        """Pass its counts on until it ends. Raises `ClientError`."""
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe, as asked for below
        async for line in self.process.stdout:
            said = _read(line)
            if said.get("event") == "progress":
                counts(self.region, {key: int(said[key]) for key in ("done", "running", "failed")})
        if await self.process.wait():
            raise await self._ended_badly()

    async def stop(self) -> None:
        """End it if it still runs; it writes what it has."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            assert self.process.stdin is not None  # noqa: S101 - it is a pipe, as asked for below
            self.process.stdin.close()  # one that waits for its start learns that none will come
            try:
                await asyncio.wait_for(self.process.wait(), _STOP_S)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()

    async def _ended_badly(self) -> ClientError:
        status = await self.process.wait()
        tail = "".join(f"\n    {line}" for line in self.log.read_text().splitlines()[-8:])
        return ClientError(f"the bench client of {self.region} ended with status {status}{tail}")


@contextlib.asynccontextmanager
async def run_clients(
    experiment: Experiment,
    repetition: int,
    *,
    endpoints: Mapping[str, str],
    model: str | None,
    folder: Path,
    counts: Counts,
) -> AsyncIterator[tuple[Awaitable[Any], float]]:
    """Start the users of all regions at once; give what ends when they have, and their time 0.

    None runs on after the block. Raises `ClientError`, here or from what is awaited.
    """
    async with contextlib.AsyncExitStack() as stack:
        clients = []
        for region in experiment.regions:
            if region.users:
                client = await _start(
                    experiment, region, repetition, _Place(endpoints[region.name], model, folder)
                )
                stack.push_async_callback(client.stop)
                clients.append(client)
        await asyncio.gather(*(client.prepared() for client in clients))
        start_at = time.monotonic() + _LEAD_S
        for client in clients:
            client.begin(start_at)
        yield asyncio.gather(*(client.follow(counts) for client in clients)), start_at


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a client asks, for which model, and where its files go."""

    endpoint: str
    model: str | None
    folder: Path


async def _start(
    experiment: Experiment,
    region: RegionLoad,
    repetition: int,
    place: "_Place",
) -> ClientProcess:
    """Start one. The model is named because the SGLang router's own list calls it `unknown`."""
    flags = {
        "workload": experiment.workload,
        "region": region.name,
        "endpoint": place.endpoint,
        **({} if place.model is None else {"model": place.model}),
        "speed": experiment.speed,
        "ramp": experiment.ramp_s,
        "out": place.folder / f"records-{region.name}.jsonl",
        "summary-out": place.folder / f"client-{region.name}.json",
    }
    argv = [f"--{name}={value}" for name, value in flags.items()]
    argv += as_words(experiment.arguments_of(region, repetition))
    log = place.folder / "logs" / f"client-{region.name}.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "nightshift", "bench", "client"),
            *argv,
            *("--start-at-told", "--progress", "--with-parent"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=stderr,
            env=parent_in(os.environ),
            start_new_session=True,
        )
    return ClientProcess(region.name, process, log)


def _read(line: bytes) -> dict[str, Any]:
    """Return the event of a line; nothing of one that is none."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
