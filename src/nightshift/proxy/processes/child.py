"""One balancer process: started with its settings and sockets, awaited until it serves, signalled, awaited.

Its settings are a file in memory (memfd_create(2)) that it inherits and that its parent can write anew: the
service's token stands in it, and so is neither on a disk nor in a list of processes.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping

import orjson

from nightshift.processes import parent_in


class ConfigFile:
    """Settings in memory, for a process that inherits `fd`."""

    def __init__(self, name: str) -> None:
        self.fd = os.memfd_create(name)

    @property
    def path(self) -> str:
        """Where the child reads it, as often as it likes: each opening begins at the start."""
        return f"/proc/self/fd/{self.fd}"

    def write(self, settings: Mapping[str, object]) -> None:
        """Put these settings in the place of the old ones."""
        content = orjson.dumps(settings)
        os.ftruncate(self.fd, len(content))
        os.pwrite(self.fd, content, 0)

    def close(self) -> None:
        """It is needed no more."""
        os.close(self.fd)


class Child:
    """A running process. Make it with `Child.start`."""

    def __init__(self, process: Process, stdout: asyncio.StreamReader, ready: asyncio.Event) -> None:
        self._process = process
        self._ready = ready
        self._reader = asyncio.create_task(self._read(stdout))

    @classmethod
    async def start(cls, config: ConfigFile, fds: tuple[int, int], ready: asyncio.Event) -> "Child":
        """Start a balancer on its public and its internal socket; `ready` is set when it serves.

        It leads a group of its own, so that Ctrl-C reaches the parent alone.
        """
        public_fd, internal_fd = fds
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "nightshift", "balancer", "--config", config.path),
            *("--fd", str(public_fd), "--peer-fd", str(internal_fd), "--with-parent"),
            stdin=DEVNULL,
            stdout=PIPE,
            pass_fds=(config.fd, public_fd, internal_fd),
            env=parent_in(os.environ),
            process_group=0,
        )
        assert process.stdout is not None  # noqa: S101 - it is a pipe, as asked for just above
        return cls(process, process.stdout, ready)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def signal(self, sig: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self._process.returncode is None:
            self._process.send_signal(sig)

    async def ended(self) -> int:
        """Wait for its end; return its exit status, negative for a signal."""
        status = await self._process.wait()
        await self._reader
        return status

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        async for line in stdout:
            if line.startswith(b'{"event":"ready"'):
                self._ready.set()
