"""A balancer as a process: says when it serves, logs to standard error, ends on SIGTERM and SIGINT."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import uvloop

from nightshift.errors import UserError
from nightshift.processes import address_of, announce_ready, listening_socket
from nightshift.proxy.server import Server
from nightshift.proxy.settings import Settings, read_settings

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
    server = Server(settings)
    asked_to_end: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, asked_to_end.put_nowait, sig)
    loop.add_signal_handler(signal.SIGHUP, _reload, server, config)
    await server.start(*socks)
    _calm_collector()
    announce_ready(address=address_of(socks[0]), name=settings.name, region=settings.region)
    await asked_to_end.get()
    await _drain_unless_asked_twice(server, asked_to_end)
    await server.stop()


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


def _reload(server: Server, config: Path | None) -> None:
    if config is None:
        _log.warning("there is no configuration file to read again: this balancer was started with flags")
        return
    try:
        changed = server.reload(read_settings(config))
    except UserError as error:
        _log.error("the configuration stays as it was: %s", error)
    else:
        _log.info("read %s again; changed: %s", config, ", ".join(changed) or "nothing")


def _calm_collector() -> None:
    """Let the cycle collector look rarely, and never at what the start has left.

    A request leaves no cycles behind (tests/proxy/test_lifetimes.py), while a full collection walks the
    whole prefix index and stops all streams for as long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
