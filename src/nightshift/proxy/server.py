"""One balancer, live: starts its parts, drives them by the clock, drains and stops them."""

import asyncio
import socket

from nightshift.errors import UserError
from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client, InProgress
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.edge import Edge
from nightshift.proxy.parts import Parts
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.settings import Settings
from nightshift.proxy.ticker import Ticker
from nightshift.proxy.timeouts import TICK_S

MODELS_INTERVAL_S = 10.0
"""Between two questions for a target's list of models."""
_FIXED = ("name", "region", "host", "port", "seed", "speed", "switches")
"""Settings that only a new process can change."""

BACKLOG = 1024
"""Connections that may wait to be accepted; the loop would set 100 by itself."""


class Server:
    """Serves on its sockets until stopped. Make and use it inside its event loop."""

    def __init__(self, settings: Settings) -> None:
        self._loop = asyncio.get_running_loop()
        self.settings = settings
        self._parts = parts = Parts(settings, self._loop)
        self._find = parts.routes.find
        self._error_lines = parts.identity.lines()
        self.edge = Edge(settings.limits, parts.dispatcher.now)
        check_s = _check_interval_s(settings)
        self._tickers = (
            Ticker(self._loop, settings.probe_interval_s, self._probe),
            Ticker(self._loop, MODELS_INTERVAL_S, parts.catalogue.ask),
            Ticker(self._loop, check_s, parts.dispatcher.check_times),
            Ticker(self._loop, TICK_S, self.edge.tick),
        )
        self._listeners: list[asyncio.Server] = []
        self._clients: set[Client] = set()
        self._all_left = asyncio.Event()
        self._draining = False
        self._drained = asyncio.Event()

    @property
    def dispatcher(self) -> Dispatcher:
        """Where the requests are."""
        return self._parts.dispatcher

    async def start(self, *socks: socket.socket) -> None:
        """Serve on these listening sockets."""
        self._parts.targets.change(self.settings)
        for ticker in self._tickers:
            ticker.start()
        for sock in socks:
            listener = await self._loop.create_server(
                lambda: Client(self, self.edge), sock=sock, backlog=BACKLOG
            )
            self._listeners.append(listener)

    async def drain(self, grace_s: float) -> bool:
        """Take no new requests, and wait until all are answered; tell whether they were in time.

        The sockets stay open meanwhile: a new request is refused politely, with when to come again.
        """
        self._draining = True
        self.dispatcher.perform(self.dispatcher.balancer.drain(self.dispatcher.now()))
        try:
            async with asyncio.timeout(grace_s):
                await self._drained.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Close all connections at once and wait until they are."""
        for listener in self._listeners:
            listener.close()
        for ticker in self._tickers:
            ticker.stop()
        for client in list(self._clients):
            client.abort()
        self._parts.targets.close()
        if self._clients:
            self._all_left.clear()
            await self._all_left.wait()

    def reload(self, settings: Settings) -> list[str]:
        """Go on with these settings; return the names of those that have changed. Raises `UserError`.

        Requests under way are not disturbed: they keep their place and their limits.
        """
        old = self.settings
        changed = [name for name in Settings.model_fields if getattr(old, name) != getattr(settings, name)]
        if fixed := [name for name in changed if name in _FIXED]:
            raise UserError(f"{', '.join(fixed)}: only a new process can change this; nothing was changed")
        self.settings = settings
        self.edge.change(settings.limits)
        self._parts.reload(settings)
        return changed

    # See `client.Site`

    def joined(self, client: Client) -> None:
        """A connection is open."""
        self._clients.add(client)

    def departed(self, client: Client) -> None:
        """A connection has ended."""
        self._clients.discard(client)
        if not self._clients:
            self._all_left.set()

    def expected(self, request: HttpRequest) -> None:
        """Refuse what leads nowhere before its body is read."""
        self._find(request.method, request.path)

    def serve(self, request: HttpRequest, answer: Answer, client: Client) -> InProgress | None:
        """Answer a request, or begin to."""
        if self._draining:
            answer.keep_alive = False  # its client does better to connect elsewhere
        return self._find(request.method, request.path)(request, answer, client)

    def error_lines(self) -> bytes:
        """Header lines of an answer to what never became a request."""
        return self._error_lines

    def _probe(self) -> None:
        self._parts.probes.ask()
        self._parts.peers.ask()
        balancer = self.dispatcher.balancer
        self.dispatcher.perform(balancer.time_passed(self.dispatcher.now()))
        if self._draining and not self.dispatcher.in_progress:
            self._drained.set()


def _check_interval_s(settings: Settings) -> float:
    """Return how often to look at the time of requests: to a quarter of the shortest limit, 1 s at most."""
    limits = settings.limits
    shortest_s = min(limits.first_byte_s, limits.between_chunks_s, limits.total_s, limits.hold_s)
    return min(1.0, shortest_s / 4)
