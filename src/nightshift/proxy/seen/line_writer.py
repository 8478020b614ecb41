"""Lines to a file, or to standard output, by a thread: a slow disk must not stop the event loop.

Lines are gathered until `flush`, and go to the thread as one block. What the file cannot take in time is
bounded: above `MAX_BACKLOG_BYTES` the newest lines are dropped and counted. After `reopen` the next block
goes to a file newly opened by the name (logrotate moves the old one away). One write for each block,
appending, so that lines of several processes do not mix.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from nightshift.errors import UserError

MAX_BACKLOG_BYTES = 16 * 2**20
FLUSH_BYTES = 64 * 1024
CLOSE_S = 2.0
STANDARD_OUTPUT = "-"

_log = logging.getLogger(__name__)


class LineWriter:
    """Call everything but the constructor's `dropped` from one thread."""

    def __init__(self, path: str, dropped: Callable[[int], None]) -> None:
        """`path` may be `-`. `dropped` is told how many lines were lost. Raises `UserError`."""
        self._path = path
        self._dropped = dropped
        self._lines: list[bytes] = []
        self._gathered_bytes = 0
        self._backlog = _Backlog()
        self._blocks: SimpleQueue[bytes | None] = SimpleQueue()
        self._reopen = threading.Event()
        try:
            self._fd = self._open()
        except OSError as error:
            raise UserError(f"access_log: cannot write {path}: {error.strerror}") from error
        self._thread = threading.Thread(target=self._work, name="access-log", daemon=True)
        self._thread.start()

    def add(self, line: bytes) -> None:
        """Write `line`, which ends in a newline, soon."""
        self._lines.append(line)
        self._gathered_bytes += len(line)
        if self._gathered_bytes >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Give what was gathered to the thread."""
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        gathered, self._gathered_bytes = self._gathered_bytes, 0
        if self._backlog.grow(gathered):
            self._blocks.put(b"".join(lines))
        else:
            self._dropped(len(lines))

    def reopen(self) -> None:
        """Open the file by its name again."""
        self.flush()
        self._reopen.set()

    def close(self) -> None:
        """Write the rest, for at most `CLOSE_S`: a pipe that nobody reads would hold us for ever."""
        self.flush()
        self._blocks.put(None)
        self._thread.join(CLOSE_S)

    # In the thread

    def _work(self) -> None:
        while (block := self._blocks.get()) is not None:
            try:
                if self._reopen.is_set():
                    self._reopen.clear()
                    self._renew()
                _write_all(self._fd, block)
            except OSError as error:  # a full disk: the balancer goes on without these lines
                _log.warning("access log: cannot write %s: %s", self._path, error.strerror)
            self._backlog.shrink(len(block))
        if self._path != STANDARD_OUTPUT:
            os.close(self._fd)

    def _renew(self) -> None:
        if self._path == STANDARD_OUTPUT:
            return
        fd = self._open()
        os.close(self._fd)
        self._fd = fd

    def _open(self) -> int:
        if self._path == STANDARD_OUTPUT:
            return 1
        return os.open(Path(self._path), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)


class _Backlog:
    """Bytes given to the thread and not written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = 0

    def grow(self, count: int) -> bool:
        with self._lock:
            if self._bytes + count > MAX_BACKLOG_BYTES:
                return False
            self._bytes += count
            return True

    def shrink(self, count: int) -> None:
        with self._lock:
            self._bytes -= count


def _write_all(fd: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(fd, rest) :]
