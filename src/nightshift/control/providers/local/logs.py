"""A log file: its last lines, and all of it as a stream."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

_POLL_S = 0.2
_PIECE_BYTES = 64 * 1024
_TAIL_LINES = 8


async def stream(log: Path, goes_on: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield what is in the file, and what comes for as long as `goes_on`."""
    with log.open("rb") as file:
        while True:
            is_last = not goes_on()  # asked first: what was written before the end is read after it
            while piece := file.read(_PIECE_BYTES):
                yield piece
            if is_last:
                return
            await asyncio.sleep(_POLL_S)


def tail(log: Path) -> str:
    """Return the last lines of the file, each on a line of its own, indented; nothing if it has none."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
        lines = file.read().decode(errors="replace").rstrip().splitlines()[-_TAIL_LINES:]
        return "".join(f"\n    {line[:500]}" for line in lines)
    return ""
