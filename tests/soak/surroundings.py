"""What goes wrong around a balancer, and not in one answer: each a fault by name, with its beginning and end.

`faults.py` has what an upstream does to one request. Here are connects that nobody answers, a process without
files, one that is stopped, a wall clock that jumps, and a bad WAN (`BAD_LINKS`). All of it needs no
privileges: a full backlog takes no SYN, `prlimit` moves the limit of a running process, a preloaded library
moves its wall clock, and the relay in user space delays and holds bytes. It cannot lose segments; what TCP
makes of a lost one, a stall, it can.
"""

import os
import resource
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from tests.soak.processes import Process

from nightshift.processes import address_of

BAD_LINKS: Mapping[str, Mapping[str, Any]] = {
    "link_100_ms_longer": {"matrix": {"a": {"b": 200}}},
    "link_loses_1_percent": {"matrix": {"a": {"b": 40}}, "loss": 0.01},
}
"""Settings of `nightshift wan`, round trips in ms; 40 ms is a good link. The third is a cut, one way."""
_FULL = 3
"""Connections that fill a backlog of 0, and one more."""


@contextmanager
def black_hole(address: tuple[str, int]) -> Iterator[str]:
    """Have SYNs to a free address answered by nobody, as behind a firewall that drops: a full backlog."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(0)
        for _ in range(_FULL):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield address_of(listener)


@contextmanager
def no_files_left(process: Process, spare: int = 0) -> Iterator[None]:
    """Let a process open no file more than it has open, and `spare`, for a while."""
    soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    opened = 1 + max(int(entry.name) for entry in Path(f"/proc/{process.pid}/fd").iterdir())
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (opened + spare, hard))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    """Stop a process where it stands, as a machine does that sleeps or is moved."""
    process.tell(signal.SIGSTOP)
    try:
        yield
    finally:
        process.tell(signal.SIGCONT)


class WallClock:
    """A wall clock for one process, started with `environment`."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError where there is no C compiler."""
        library, self._file = folder / "wall_clock.so", folder / "wall_clock"
        compiler = shutil.which("cc")
        if compiler is None:
            raise FileNotFoundError("cc")
        source = Path(__file__).with_name("wall_clock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK": str(self._file)}

    def jump(self, seconds: int) -> None:
        """Put it so many seconds away from the real one."""
        with closing(os.fdopen(os.open(self._file, os.O_WRONLY), "wb", buffering=0)) as file:
            file.write(seconds.to_bytes(8, "little", signed=True))
