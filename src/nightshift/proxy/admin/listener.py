"""Serves the admin API on a socket of its own, by uvicorn, in the event loop that is running.

The balancer's signals stay the balancer's: uvicorn would take SIGTERM and SIGINT over, and end by itself.
Bounded: so many connections at a time (503 above), a short keep-alive, and a second for answers under way
when it ends.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn

from nightshift.proxy.admin.app import HEALTH_PATH, METRICS_PATH, make_app
from nightshift.proxy.admin.console import Console
from nightshift.proxy.admin.gate import Gate

MAX_CONNECTIONS = 64


class AdminListener:
    """Make it, `start` it and `stop` it inside the event loop of the balancer."""

    def __init__(self, console: Console, *, is_token: Callable[[bytes], bool], open_metrics: bool) -> None:
        """`is_token` tells, in constant time, whether what a caller shows is the service's token."""
        open_paths = {HEALTH_PATH, METRICS_PATH} if open_metrics else {HEALTH_PATH}
        gate = Gate(make_app(console), is_token=is_token, open_paths=frozenset(open_paths))
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                gate,
                http="httptools",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,  # the process has a logging configuration of its own
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=1,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    async def start(self, sock: socket.socket) -> None:
        """Serve on this listening socket, from now on; it is closed in the end."""
        self._serving = asyncio.get_running_loop().create_task(self._uvicorn.serve([sock]))
        ready = asyncio.get_running_loop().create_task(self._uvicorn.ready.wait())
        await asyncio.wait((self._serving, ready), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._serving  # raises what kept it from starting

    async def stop(self) -> None:
        """Finish the answers under way, and close."""
        if self._serving is not None:
            self._uvicorn.end()
            await self._serving
            self._serving = None


class _Uvicorn(uvicorn.Server):
    """Leaves the signals alone, says when it serves, and wakes up once a second instead of ten times."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Shut down, gracefully."""
        self.should_exit = True
        self._ending.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        tick = 0
        while not await self.on_tick(tick):
            tick += 10  # it counts tenths of a second
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._ending.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
