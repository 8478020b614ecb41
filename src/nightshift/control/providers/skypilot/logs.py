"""The log of a unit as it grows: that of its launch, then that of its command."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable

from nightshift.control.providers.skypilot.failures import provider_error
from nightshift.control.providers.skypilot.names import cluster_name
from nightshift.control.providers.skypilot.sdk import Sky

_POLL_S = 1.0


async def tail(open_sky: Callable[[], Sky], name: str, *, follow: bool) -> AsyncIterator[bytes]:
    """Yield the log of a unit whose cluster is there. Raises `ProviderError`."""
    lines = _Lines(asyncio.get_running_loop())
    failed: list[BaseException] = []

    def read() -> None:
        try:
            _write(open_sky(), name, lines, follow=follow)
        except Exception as error:  # noqa: BLE001 - told by whoever reads
            failed.append(error)
        finally:
            lines.end()

    # Not of the pool, whose end waits for its threads: this one may wait for a unit that says nothing.
    threading.Thread(target=read, daemon=True).start()
    try:
        while (data := await lines.queue.get()) is not None:
            yield data
    finally:
        lines.stopped.set()
    if failed:
        raise provider_error(name, failed[0])


class _Lines(io.TextIOBase):
    """A text stream that a thread writes and the event loop reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.stopped = threading.Event()
        self._loop = loop

    def write(self, text: str) -> int:
        if self.stopped.is_set():
            raise BrokenPipeError("nobody reads this log any more")  # ends the thread at the next line
        self._loop.call_soon_threadsafe(self.queue.put_nowait, text.encode())
        return len(text)

    def end(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.queue.put_nowait, None)


def _write(sky: Sky, name: str, lines: _Lines, *, follow: bool) -> None:
    cluster = cluster_name(name)
    if not _has_job(sky, name):
        sky.launch_log(cluster, lines, follow=follow)
        # SkyPilot's log of a launch ends with its machine; what runs there is submitted a little later.
        while follow and not _has_job(sky, name) and cluster in sky.launching():
            if lines.stopped.wait(_POLL_S):
                return
    if _has_job(sky, name):
        sky.log(cluster, lines, follow=follow)


def _has_job(sky: Sky, name: str) -> bool:
    cluster = cluster_name(name)
    there = sky.clusters([cluster]).get(cluster)
    return there is not None and there["status"].value == "UP" and sky.job(cluster, name) is not None
