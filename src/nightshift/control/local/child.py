"""One process of a fleet: started, awaited, watched, ended.

Each child leads a session of its own, so that Ctrl-C reaches only the parent, which ends the children in
its own order; a signal of ours goes to the child's whole group. What it writes goes to one log file, and
whatever error a child causes ends with the last lines of that.
"""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from nightshift.errors import NightshiftError
from nightshift.processes import parent_in

_TAIL_LINES = 8
_POLL_S = 0.03
_LAST_WORDS_S = 1.0
_LINE_BYTES = 2**20


if TYPE_CHECKING:
    from aiohttp import ClientSession


class FleetError(NightshiftError):
    """A process of the fleet did not start, or ended on its own. Says which, how, and its last words."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one process is started, and how one knows that it serves."""

    name: str
    what: str
    """For messages: `replica us-east-2-1`."""
    argv: tuple[str, ...]
    health_url: str
    timeout_s: float
    announces: bool = True
    """Whether it writes a ready line; a program that is not ours does not."""
    fds: tuple[int, ...] = ()
    expects: Mapping[str, object] = field(default_factory=dict)
    """What the JSON of the health URL says once all is well, beyond status 200."""
    is_last: bool = False
    """Start it only when the others are healthy."""


class Child:
    """A running process. Make it with `Child.start`."""

    def __init__(self, recipe: Recipe, log: Path, process: Process, stdout: asyncio.StreamReader) -> None:
        self.recipe = recipe
        self.log = log
        self._process = process
        self._announced = asyncio.Event()
        self._reader = asyncio.create_task(self._read_output(stdout))
        self.ended = asyncio.create_task(process.wait())

    @classmethod
    async def start(cls, recipe: Recipe, log_dir: Path) -> "Child":
        """Start the process of `recipe`, logging to a file of its name in `log_dir`."""
        log = log_dir / f"{recipe.name}.log"
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *recipe.argv,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=stderr,
                limit=_LINE_BYTES,
                pass_fds=recipe.fds,
                env=parent_in(os.environ),
                start_new_session=True,
            )
        assert process.stdout is not None  # noqa: S101 - it is a pipe, as asked for just above
        return cls(recipe, log, process, process.stdout)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.returncode is None

    async def until_healthy(self, http: "ClientSession") -> None:
        """Wait for the ready line and for 200 from the health URL. Raises `FleetError`."""
        healthy = asyncio.create_task(self._until_healthy(http))
        try:
            await asyncio.wait({healthy, self.ended}, return_when=asyncio.FIRST_COMPLETED)
            if not healthy.done():
                raise await self.obituary()
            await healthy
        finally:
            healthy.cancel()

    async def _until_healthy(self, http: "ClientSession") -> None:
        try:
            async with asyncio.timeout(self.recipe.timeout_s):
                if self.recipe.announces:
                    await self._announced.wait()
                await _until_ok(http, self.recipe)
        except TimeoutError as error:
            missing = "healthy" if self._announced.is_set() or not self.recipe.announces else "ready"
            problem = f"{self.recipe.what} was not {missing} within {self.recipe.timeout_s:g} s"
            raise FleetError(f"{problem}; its log is {self.log}{self.tail()}") from error

    async def obituary(self) -> FleetError:
        """Return the error for this process having ended when nobody asked it to."""
        await asyncio.wait({self._reader}, timeout=_LAST_WORDS_S)
        status = self._process.returncode
        if status is not None and status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        else:
            how = f"ended with status {status}"
        return FleetError(f"{self.recipe.what} {how}; its log is {self.log}{self.tail()}")

    def tail(self) -> str:
        """Return the last lines of the log, each on a line of its own, indented."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 8192))
            lines = log.read().decode(errors="replace").rstrip().splitlines()[-_TAIL_LINES:]
            return "".join(f"\n    {line[:500]}" for line in lines)
        return ""

    def signal(self, sig: signal.Signals) -> None:
        """Send `sig` to the process and whatever it started; to nobody when all have ended."""
        if not (self.ended.done() and self._reader.done()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, sig)

    async def reap(self) -> None:
        """Wait until the process has ended and all it wrote is in its log."""
        await self.ended
        await self._reader

    async def _read_output(self, stdout: asyncio.StreamReader) -> None:
        with self.log.open("ab", buffering=0) as log:
            while line := await _line(stdout):
                log.write(line)
                if not self._announced.is_set() and _is_ready(line):
                    self._announced.set()


async def _line(stdout: asyncio.StreamReader) -> bytes:
    try:
        return await stdout.readline()
    except ValueError:  # asyncio's word for a line above its limit, which it has dropped
        return b"(a line too long to keep)\n"


def _is_ready(line: bytes) -> bool:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(said, dict) and said.get("event") == "ready"


async def _until_ok(http: "ClientSession", recipe: Recipe) -> None:
    from aiohttp import ClientError

    while True:
        with contextlib.suppress(OSError, ClientError):
            async with http.get(recipe.health_url) as response:
                if response.status == 200 and _says(await response.read(), recipe.expects):
                    return
        await asyncio.sleep(_POLL_S)


def _says(body: bytes, expected: Mapping[str, object]) -> bool:
    if not expected:
        return True
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(said, dict) and expected.items() <= said.items()
