"""A balancer as a process: says when it serves, logs to standard error, ends on SIGTERM and SIGINT."""

import asyncio
import gc
import logging
import signal
import socket

import uvloop

from nightshift.processes import address_of, announce_ready, listening_socket
from nightshift.proxy.server import Server
from nightshift.proxy.settings import Settings


def listen(settings: Settings, fd: int | None) -> socket.socket:
    """Return the socket to serve on: the inherited one, or a new one as the settings say."""
    return listening_socket(settings.host, settings.port, fd)


def run(settings: Settings, sock: socket.socket) -> None:
    """Serve on `sock` until SIGTERM or SIGINT."""
    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s {settings.name} %(levelname)s %(name)s: %(message)s"
    )
    uvloop.run(_serve(settings, sock))


async def _serve(settings: Settings, sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, stopped.set)
    server = Server(settings)
    await server.start(sock)
    _calm_collector()
    announce_ready(address=address_of(sock), name=settings.name, region=settings.region)
    await stopped.wait()
    await server.stop()


def _calm_collector() -> None:
    """Let the cycle collector look rarely, and never at what the start has left.

    A request leaves no cycles behind (tests/proxy/test_lifetimes.py), while a full collection walks the
    whole prefix index and stops all streams for as long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
