"""The parent's handle on a load process: `load.py`, or the one that keeps streams open (`holder.py`)."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

import orjson

from nightshift.bench.proxy.cells import Cell
from nightshift.errors import NightshiftError
from nightshift.processes import parent_in

_GRACE_S = 30.0
"""Beyond the time that an order may take itself; then the load process is broken."""
_LINE_BYTES = 2**20
LOAD = "nightshift.bench.proxy.load"


class LoadError(NightshiftError):
    """The load process did not do what it was told; says what."""


class RefusedError(LoadError):
    """The other side did not take the connections: a result about it, not about the load process."""


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a measurement asks (0: once on each connection), and at most takes. Seconds.

    With `requests` it asks that many instead.
    """

    asking_s: float
    cap_s: float
    requests: int | None = None


class Generator:
    """Starts the load process, and ends it with the `async with` block."""

    def __init__(self, module: str = LOAD) -> None:
        self._module = module
        self._process: Process | None = None

    async def __aenter__(self) -> "Generator":
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", self._module),
            stdin=PIPE,
            stdout=PIPE,
            limit=_LINE_BYTES,
            env=parent_in(os.environ),
            start_new_session=True,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def open(self, cell: Cell, addresses: tuple[str, ...], salt: int) -> None:
        """Connect, and ask once on each connection. Raises `RefusedError`, `LoadError`."""
        await self.order({"do": "open", "cell": asdict(cell), "addresses": addresses, "salt": salt}, 0.0)

    async def run(self, duration: Duration) -> dict[str, Any]:
        """Do what was opened, and return what was counted. Raises `LoadError`."""
        order = {"do": "run", "duration_s": duration.asking_s, "cap_s": duration.cap_s}
        return await self.order({**order, "requests": duration.requests}, duration.cap_s)

    async def order(self, order: dict[str, Any], takes_s: float) -> dict[str, Any]:
        """Give one order, which takes up to `takes_s`, and return the answer. Raises `LoadError`."""
        timeout_s = takes_s + _GRACE_S
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise LoadError("the load process was not started")
        process.stdin.write(orjson.dumps(order) + b"\n")
        try:
            async with asyncio.timeout(timeout_s):
                line = await process.stdout.readline()
        except TimeoutError as error:
            raise LoadError(f"the load process did not answer within {timeout_s:g} s") from error
        if not line:
            raise LoadError(f"the load process ended while it was to {order['do']}")
        answer: dict[str, Any] = orjson.loads(line)
        if "failed" in answer:
            raise RefusedError(f"could not {order['do']}: {answer['failed']}")
        return answer
