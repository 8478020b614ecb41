"""A balancer as a process: says when it serves, logs to standard error, ends on SIGTERM and SIGINT."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from nightshift.processes import address_of, announce_ready, bind, listening_socket
from nightshift.proxy.access.advice import unsafe
from nightshift.proxy.configuration import Configuration
from nightshift.proxy.doors import raise_file_limit
from nightshift.proxy.server import Server
from nightshift.proxy.settings import Settings

_log = logging.getLogger(__name__)


def listen(settings: Settings, fd: int | None) -> socket.socket:
    """Return the socket to serve on: the inherited one, or a new one as the settings say."""
    return listening_socket(settings.host, settings.port, fd)


def run(settings: Settings, *socks: socket.socket, config: Path | None = None) -> None:
    """Serve on these sockets until SIGTERM or SIGINT; the first is the public one.

    `config` is read again on SIGHUP.
    """
    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s {settings.name} %(levelname)s %(name)s: %(message)s"
    )
    uvloop.run(_serve(settings, socks, config))


async def _serve(settings: Settings, socks: Sequence[socket.socket], config: Path | None) -> None:
    loop = asyncio.get_running_loop()
    if warning := raise_file_limit(settings.limits.connections):
        _log.warning("%s", warning)
    server = Server(settings)
    for warning in (*unsafe(settings, settings.host, [p.address for p in settings.peers]), *server.doubts()):
        _log.warning("%s", warning)
    configuration = Configuration(server, config)
    asked_to_end: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, asked_to_end.put_nowait, sig)
    loop.add_signal_handler(signal.SIGHUP, configuration.on_signal)
    async with _admin(server, configuration) as admin:
        await server.start(*socks)
        _calm_collector()
        address = address_of(socks[0])
        announce_ready(address=address, name=settings.name, region=settings.region, **admin)
        await asked_to_end.get()
        await _drain_unless_asked_twice(server, asked_to_end)
    await server.stop()


@asynccontextmanager
async def _admin(server: Server, configuration: Configuration) -> AsyncIterator[dict[str, str]]:
    """Serve the admin API, if that is configured; gives the facts of it for the ready line."""
    settings = server.settings.admin
    if settings is None:
        yield {}
        return
    from nightshift.proxy.admin.listener import AdminListener
    from nightshift.proxy.console import ServerConsole

    sock = bind(settings.host, settings.port)
    console = ServerConsole(server, configuration)
    is_token = server.parts.tokens.is_token
    listener = AdminListener(console, is_token=is_token, open_metrics=settings.open_metrics)
    await listener.start(sock)
    try:
        yield {"admin": address_of(sock)}
    finally:
        await listener.stop()


async def _drain_unless_asked_twice(server: Server, asked_to_end: "asyncio.Queue[signal.Signals]") -> None:
    grace_s = server.settings.limits.drain_s
    if server.dispatcher.in_progress:
        _log.info("draining, for at most %g s; a second signal ends it at once", grace_s)
    draining = asyncio.create_task(server.drain(grace_s))
    again = asyncio.create_task(asked_to_end.get())
    await asyncio.wait({draining, again}, return_when=asyncio.FIRST_COMPLETED)
    if left := server.dispatcher.in_progress:
        _log.warning("%d requests were cut off", left)
    draining.cancel()
    again.cancel()


def _calm_collector() -> None:
    """Let the cycle collector look rarely, and never at what the start has left.

    A request leaves no cycles behind (tests/proxy/test_lifetimes.py), while a full collection walks the
    whole prefix index and stops all streams for as long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
