"""The processes of a unit: all of its session, and whatever else was started with its mark.

Nobody is signalled by a number alone. A process is held by a handle (pidfd), and looked at again through it
before it gets a signal. A session's number is its leader's; the kernel gives it to nobody else while anyone
of the session lives. When the leader is gone, the others are known by the mark in their environment.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nightshift.control.processid import ProcessId
from nightshift.control.providers.local.record import MARK

_ROUND_S = 1.0


@dataclass(frozen=True, slots=True)
class Stat:
    """What /proc says of a process."""

    id: ProcessId
    session: int
    is_zombie: bool

    @classmethod
    def of(cls, pid: int) -> "Stat | None":
        """Return who `pid` is now; None when nobody."""
        try:
            # The second field is the program's name in parentheses, and may hold anything.
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return cls(ProcessId(pid, int(fields[19])), int(fields[3]), fields[0] in ("Z", "X"))


@dataclass(frozen=True, slots=True)
class Session:
    """All processes of a unit whose folder is `mark`, begun as `leader`."""

    leader: ProcessId
    mark: str

    @property
    def is_running(self) -> bool:
        """Whether the unit's own process still runs."""
        return self.leader.is_running

    def members(self) -> list[ProcessId]:
        """Return every process of the unit that still runs."""
        leader = Stat.of(self.leader.pid)
        is_ours = leader is not None and leader.id == self.leader
        return [
            stat.id
            for stat in _all()
            if not stat.is_zombie
            and ((is_ours and stat.session == self.leader.pid) or _mark_of(stat.id.pid) == self.mark)
        ]

    def reap(self) -> str | None:
        """Let go of the leader if it is a child of ours that has ended; return how it ended, if so."""
        stat = Stat.of(self.leader.pid)
        if stat is None or stat.id != self.leader or not stat.is_zombie:
            return None
        with contextlib.suppress(ChildProcessError):  # somebody else's
            pid, status = os.waitpid(self.leader.pid, os.WNOHANG)
            if pid:
                return _in_words(os.waitstatus_to_exitcode(status))
        return None

    async def end(self, grace_s: float, kill_s: float) -> list[ProcessId]:
        """Ask the leader to end, after `grace_s` seconds kill what still runs; return who survived that.

        Only the leader is asked: it knows whom of its own to tell, and a second signal often means "at once".
        """
        await _send(self.leader, signal.SIGTERM, grace_s)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + kill_s
        while members := self.members():  # again: the killed may have forked meanwhile
            await asyncio.gather(*(_send(member, signal.SIGKILL, _ROUND_S) for member in members))
            if loop.time() > until_s:
                return self.members()
        self.reap()
        return members


def _all() -> Iterator[Stat]:
    for name in os.listdir("/proc"):
        if name.isdecimal() and (stat := Stat.of(int(name))) is not None:
            yield stat


def _mark_of(pid: int) -> str | None:
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # gone, or of another user
        return None
    begin = f"{MARK}=".encode()
    return next((os.fsdecode(e[len(begin) :]) for e in environ.split(b"\0") if e.startswith(begin)), None)


async def _send(process: ProcessId, sig: signal.Signals, timeout_s: float) -> None:
    """Send a signal to a process, and wait until it is gone or the time is over."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.is_running:  # the handle holds the number, so that this answer stays true
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, sig)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await readable(handle)
    finally:
        os.close(handle)


async def readable(fd: int) -> None:
    """Wait until a descriptor is readable: a pipe that has data or no writer, a process that has ended."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)


def _in_words(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
