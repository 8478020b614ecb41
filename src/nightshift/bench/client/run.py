"""The run of one region's client: prepare, start together with the other regions, stop on time, sum up.

Users begin one after another within the ramp, so that the first prompts do not come as one burst. When
the duration is over, or a signal asks to stop, what is under way is cancelled, which closes its connection
and records it as unfinished.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

import aiohttp

from nightshift.bench.client.asking import Asker
from nightshift.bench.client.own_load import WARN_CPU_SHARE, WARN_LAG_S, OwnLoad, p99
from nightshift.bench.client.run_clock import RunClock
from nightshift.bench.client.users import User
from nightshift.bench.records import RequestRecord
from nightshift.bench.workloads import Workload
from nightshift.errors import UserError

_PROGRESS_INTERVAL_S = 1.0  # real
_TO_FIRST_REQUEST_S = 0.1  # real; when nobody said when to start
_CONNECT_TIMEOUT_S = 30.0  # real
_IDLE_CONNECTION_S = 4.0  # real; shorter than servers' own 5 s (uvicorn), so that none closes under a request


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Where to ask, and when. `start_at` in seconds of `time.monotonic()`; None: at once."""

    region: str
    endpoint: str
    model: str | None = None
    speed: float = 1.0
    ramp_s: float = 2.0
    start_at: float | None = None
    keep_alive: bool = True
    """Use connections again. Some engines (llama.cpp) close one right after a streamed answer."""

    @property
    def base_url(self) -> str:
        """The endpoint as `http://host:port`, without a slash or `/v1` at its end."""
        url = self.endpoint if "://" in self.endpoint else f"http://{self.endpoint}"
        return url.rstrip("/").removesuffix("/v1")


@dataclass(frozen=True, slots=True)
class ClientSummary:
    """What `client-<region>.json` says. Seconds are emulated, save `late_s`."""

    region: str
    model: str
    requests: int
    failed: int
    unfinished: int
    elapsed_s: float
    interrupted: bool
    """A signal ended the run before its time."""
    cpu_share: float
    lag_p99_s: float
    late_s: float
    """Real seconds after `start_at` at which this client was ready; more than 0 means it began late."""
    speed: float
    data: str
    """Which data the workload used: `synthetic: ...` or `real: ...`."""
    schedule_lag_p99_s: float | None = None
    """How late requests of an open loop were sent; None of a closed one."""

    def warnings(self) -> list[str]:
        """Return what a reader of the numbers should know of the client."""
        found = []
        if self.cpu_share > WARN_CPU_SHARE:
            found.append(
                f"the client of {self.region} used {self.cpu_share:.0%} of a core "
                f"(limit {WARN_CPU_SHARE:.0%}): its own waiting is in the latencies; "
                "use fewer users, a lower --speed, or another machine"
            )
        if self.lag_p99_s > WARN_LAG_S:
            found.append(
                f"timers of the client of {self.region} were up to {self.lag_p99_s:.2f} s late "
                f"(p99, limit {WARN_LAG_S} s): the machine was too busy for these times; "
                "close other programs, or lower --speed"
            )
        if (self.schedule_lag_p99_s or 0.0) > WARN_LAG_S:
            found.append(
                f"the client of {self.region} sent requests up to {self.schedule_lag_p99_s:.2f} s after they "
                f"were due (p99, limit {WARN_LAG_S} s): not the load that was asked for; use more clients, "
                "or lower --speed"
            )
        if self.late_s > 0:
            found.append(f"the client of {self.region} began {self.late_s:.1f} s late; set --start-at later")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return the fields and the warnings, for JSON."""
        return {**asdict(self), "warnings": self.warnings()}


class Tally:
    """Counts records on their way to the file."""

    def __init__(self, write: Callable[[RequestRecord], None]) -> None:
        self._write = write
        self.ended = 0
        self.failed = 0
        self.unfinished = 0
        self._lags_s: list[float] = []

    @property
    def schedule_lag_p99_s(self) -> float | None:
        """The 99th percentile of how late requests were sent; None where none had a time to be sent at."""
        return p99(self._lags_s) if self._lags_s else None

    def record(self, record: RequestRecord) -> None:
        """Count and pass on."""
        self.ended += 1
        self.failed += record.failed is not None
        self.unfinished += record.unfinished
        if record.scheduled is not None:
            self._lags_s.append(record.start - record.scheduled)
        self._write(record)


async def run_client(
    settings: ClientSettings,
    workload: Workload,
    *,
    write: Callable[[RequestRecord], None],
    progress: Callable[[dict[str, object]], None] | None = None,
    told_start: Callable[[], Awaitable[float]] | None = None,
) -> ClientSummary:
    """Run to the end. `write` gets each record when it ends; `progress` the counts, once a second.

    `told_start` is awaited when all is prepared and says the start, in place of that of the settings.

    Raises `UserError` if the endpoint cannot be asked for its model.
    """
    stop = asyncio.Event()
    _stop_on_signals(stop)
    programs = workload.users(settings.region)
    async with _session(keep_alive=settings.keep_alive) as session:
        model = settings.model or await first_model(session, settings.base_url)
        ready_at = time.monotonic()
        start_at = ready_at + _TO_FIRST_REQUEST_S if settings.start_at is None else settings.start_at
        if told_start is not None:
            start_at = await told_start()
        clock = RunClock(start_at, settings.speed)
        tally = Tally(write)
        asker = Asker(
            session=session,
            endpoint=settings.base_url,
            model=model,
            region=settings.region,
            clock=clock,
            record=tally.record,
        )
        rng = Random(f"{workload.seed}/{settings.region}/ramp")
        await _until(stop, clock, 0)
        load = OwnLoad()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(load.watch())]
            for number, own in enumerate(programs):
                user = User(number, own, asker, clock)
                tasks.append(group.create_task(user.play(begin_at=rng.uniform(0, settings.ramp_s))))
            if progress is not None:
                tasks.append(group.create_task(_report(progress, tally, asker, clock)))
            await _until(stop, clock, workload.duration_s)
            for task in tasks:
                task.cancel()
        return ClientSummary(
            region=settings.region,
            model=model,
            requests=tally.ended,
            failed=tally.failed,
            unfinished=tally.unfinished,
            elapsed_s=clock.now(),
            interrupted=stop.is_set(),
            cpu_share=load.cpu_share(),
            lag_p99_s=load.lag_p99_s(clock),
            late_s=max(0.0, ready_at - start_at),
            speed=settings.speed,
            data=workload.data,
            schedule_lag_p99_s=tally.schedule_lag_p99_s,
        )


async def first_model(session: aiohttp.ClientSession, base_url: str) -> str:
    """Return the id of the first model that the endpoint lists, or raise `UserError`."""
    url = f"{base_url}/v1/models"
    try:
        async with session.get(url) as response:
            response.raise_for_status()
            listed = await response.json(content_type=None)
        return str(listed["data"][0]["id"])
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise UserError(f"cannot ask {url}: {error}; is the service up?") from error
    except (LookupError, TypeError) as error:
        raise UserError(f"{url} lists no model; give --model") from error


def _session(*, keep_alive: bool) -> aiohttp.ClientSession:
    """Return a session without aiohttp's limits of 100 connections and 5 minutes."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, keepalive_timeout=_IDLE_CONNECTION_S if keep_alive else None, force_close=not keep_alive
        ),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
    )


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


async def _until(stop: asyncio.Event, clock: RunClock, when: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, (when - clock.now()) / clock.speed))
    except TimeoutError:
        pass


async def _report(
    progress: Callable[[dict[str, object]], None], tally: Tally, asker: Asker, clock: RunClock
) -> None:
    while True:
        progress(
            {
                "event": "progress",
                "done": tally.ended,
                "running": asker.running,
                "failed": tally.failed,
                "elapsed_s": round(clock.now(), 3),
            }
        )
        await asyncio.sleep(_PROGRESS_INTERVAL_S)
