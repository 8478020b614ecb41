"""From options and a socket to a process that serves."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import http_exceptions, web

from nightshift.backends.emulated.live import LiveEngine
from nightshift.backends.emulated.options import EngineOptions
from nightshift.backends.emulated.server import EngineServer
from nightshift.processes import address_of, announce_ready


@asynccontextmanager
async def serving(options: EngineOptions, sock: socket.socket) -> AsyncIterator[LiveEngine]:
    """Serve on `sock` inside the block; on leaving, requests under way are cut off."""
    engine = LiveEngine(options.profile, speed=options.speed, loop=asyncio.get_running_loop())
    server = EngineServer(options, engine, started=int(datetime.now(UTC).timestamp()))
    runner = web.AppRunner(
        server.app(),
        logger=_logger(),
        access_log=None,
        handler_cancellation=True,
        keepalive_timeout=75,
        shutdown_timeout=0.1,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, sock, backlog=1024).start()
        yield engine
    finally:
        await runner.cleanup()
        engine.stop()


async def serve_until_told(options: EngineOptions, sock: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    async with serving(options, sock):
        announce_ready(
            address=address_of(sock),
            kind="engine",
            engine="emulated",
            profile=options.profile.name,
            model=options.model,
            replica=options.replica_id,
            speed=options.speed,
        )
        await stop.wait()


def _logger() -> logging.Logger:
    """Return a logger without what is not HTTP/1: sglang-router tries HTTP/2 on every new worker."""
    logger = logging.getLogger("nightshift.engine")
    logger.addFilter(_not_bad_http)
    return logger


def _not_bad_http(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, http_exceptions.BadHttpMessage)
