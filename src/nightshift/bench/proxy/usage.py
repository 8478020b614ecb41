"""What a program has used: CPU time and memory of all its processes, from /proc (Linux).

A program is all processes of one session: each contestant leads its own, so that workers belong to it,
whatever they rename themselves to and whoever their parent has become. CPU time is what the scheduler has
counted for each thread (`schedstat`, nanoseconds, user and system together); `stat` counts in ticks of 10 ms,
too coarse for a second's work.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Usage:
    """A reading. `cpu_ns` by thread, so that one that ends does not make the time run backwards."""

    cpu_ns: dict[tuple[int, int], int]
    rss_bytes: int

    def cpu_s_since(self, earlier: "Usage") -> float:
        """Return the CPU seconds between two readings; what an ended thread did last is lost."""
        return sum(now - earlier.cpu_ns.get(thread, 0) for thread, now in self.cpu_ns.items()) / 1e9


def session_of(stat: str) -> int:
    """Return the session id in a line of /proc/PID/stat; the name in brackets may contain anything."""
    return int(stat.rpartition(")")[2].split()[3])


def members(sessions: Iterable[int], proc: Path = _PROC) -> Iterator[int]:
    """Yield the ids of all processes in these sessions."""
    wanted = set(sessions)
    for entry in os.listdir(proc):
        if entry.isdigit():
            stat = _read(proc / entry / "stat")
            if stat and session_of(stat) in wanted:
                yield int(entry)


def read_usage(sessions: Iterable[int], proc: Path = _PROC) -> Usage:
    """Read what all processes of these sessions have used so far."""
    cpu_ns: dict[tuple[int, int], int] = {}
    rss_bytes = 0
    for pid in members(sessions, proc):
        rss_bytes += rss_in(_read(proc / str(pid) / "status"))
        for tid in _threads(proc / str(pid) / "task"):
            schedstat = _read(proc / str(pid) / "task" / str(tid) / "schedstat")
            if schedstat:
                cpu_ns[pid, tid] = int(schedstat.split()[0])
    return Usage(cpu_ns, rss_bytes)


def rss_in(status: str) -> int:
    """Return the resident bytes in /proc/PID/status; 0 for a process that has ended."""
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def _threads(folder: Path) -> list[int]:
    try:
        return [int(entry) for entry in os.listdir(folder)]
    except OSError:  # the process has ended meanwhile
        return []


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the same
        return ""
