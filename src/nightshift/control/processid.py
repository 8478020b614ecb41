"""Which process a number means (Linux).

A process id is used again once its process is gone. Together with the time at which the process started,
in clock ticks since boot, it means one process only; whoever kills by a recorded id compares both.
"""

import contextlib
import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path

_KILL_S = 10.0


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process, for good."""

    pid: int
    started_ticks: int

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        """Return who `pid` is now; None when nobody, or one that has ended and was not yet reaped."""
        try:
            # The second field is the program's name in parentheses, and may hold anything.
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in ("Z", "X") else cls(pid, int(fields[19]))

    @property
    def is_running(self) -> bool:
        """Whether this very process still runs."""
        return ProcessId.of(self.pid) == self

    def end(self, grace_s: float) -> bool:
        """Ask the process to end, and after `grace_s` seconds make it; return whether it did so itself."""
        if self._signal_and_wait(signal.SIGTERM, grace_s):
            return True
        self._signal_and_wait(signal.SIGKILL, _KILL_S)
        return False

    def _signal_and_wait(self, sig: signal.Signals, timeout_s: float) -> bool:
        """Return whether the process is gone within the time."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.is_running:  # the handle holds the number, so that this answer stays true
                return True
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, sig)
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            return bool(poll.poll(timeout_s * 1000))
        finally:
            os.close(handle)
