"""Who may begin or end a unit: whoever has its lock, one at a time, among all processes.

The kernel frees a lock (flock) when its last holder is gone, however that went. A launch hands its lock down
to the process that it begins, which lets go of it once it has written itself down. So a launch that is
killed midway either never began the process, or keeps everybody out until the process is known.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

_POLL_S = 0.02


@contextlib.asynccontextmanager
async def holding(path: Path) -> AsyncIterator[int]:
    """Wait for a lock and hold it; gives its file descriptor. Raises `OSError`."""
    while (lock := _try(path, fcntl.LOCK_EX)) is None:  # noqa: ASYNC110 - flock has no event to wait for
        await asyncio.sleep(_POLL_S)
    try:
        yield lock
    finally:
        os.close(lock)


def is_held(path: Path) -> bool:
    """Whether somebody begins or ends the unit of this lock right now."""
    if not path.exists():
        return False
    if (lock := _try(path, fcntl.LOCK_SH)) is None:
        return True
    os.close(lock)
    return False


def _try(path: Path, kind: int) -> int | None:
    """Return the descriptor of the lock, or None when another has it (or it was removed meanwhile)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
        if os.fstat(lock).st_ino == path.stat().st_ino:
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:  # on every way out; raised again
        os.close(lock)
        raise
    os.close(lock)
    return None
