"""One balancer, live: starts its parts, drives them by the clock, drains and stops them."""

import asyncio
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nightshift.errors import UserError
from nightshift.proxy.access.key_files import all_keys
from nightshift.proxy.access.listener import TlsListener
from nightshift.proxy.access.tls import ServerTls
from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client, InProgress
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.edge import Edge
from nightshift.proxy.errors import ApiError
from nightshift.proxy.limits import Limits
from nightshift.proxy.parts import Parts
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.seen.loop_lag import LoopLag
from nightshift.proxy.settings import Settings, Targets, checked_settings
from nightshift.proxy.ticker import Ticker
from nightshift.proxy.timeouts import TICK_S

MODELS_INTERVAL_S = 10.0
"""Between two questions for a target's list of models."""
BACKLOG = 4096
"""Connections that may wait to be accepted, as many as Linux lets by default (net.core.somaxconn); uvloop
would set 100. When they are more, Linux falls back on SYN cookies, and some clients get a reset."""
_FIXED = frozenset(
    (
        *("name", "region", "host", "port", "seed", "speed", "access_log", "otel", "admin"),
        *("tls", "peer_tls", "upstream_tls", "pass_authorization"),
    )
)
"""Settings that only a new process can change. What is in the files that they name can be changed."""


class Server:
    """Serves on its sockets until stopped. Make and use it inside its event loop."""

    def __init__(self, settings: Settings) -> None:
        """Raises `UserError` for files that the settings name and that are no good."""
        self._loop = asyncio.get_running_loop()
        self.settings = settings
        self.parts = parts = Parts(settings, self._loop)
        self._find = parts.routes.find
        self._error_lines = parts.identity.lines()
        self._tls = None if settings.tls is None else ServerTls(settings.tls, settings.peer_tls)
        self.edge = Edge(settings.limits, parts.dispatcher.now)
        check_s = _check_interval_s(settings)
        self._tickers = (
            Ticker(self._loop, settings.probe_interval_s, self._tick),
            Ticker(self._loop, MODELS_INTERVAL_S, self._ask_for_models),
            Ticker(self._loop, check_s, parts.dispatcher.check_times),
            Ticker(self._loop, TICK_S, self.edge.tick),
        )
        self._lag = LoopLag(self._loop, parts.metrics.loop_lag_s)
        self._listeners: list[asyncio.Server | TlsListener] = []
        self._clients: set[Client] = set()
        self._all_left = asyncio.Event()
        self.draining = False
        self._drained = asyncio.Event()

    @property
    def dispatcher(self) -> Dispatcher:
        """Where the requests are."""
        return self.parts.dispatcher

    def doubts(self) -> list[str]:
        """Return what an operator should know of the certificates, a line each."""
        return [] if self._tls is None else self._tls.doubts(datetime.now(UTC))

    async def start(self, public: socket.socket, *internal: socket.socket) -> None:
        """Serve on these listening sockets. TLS, if configured, is for the public one."""
        self.parts.targets.change(self.settings)
        for ticker in self._tickers:
            ticker.start()
        self._lag.start()
        if self._tls is not None:
            self._listeners.append(TlsListener(public, self._make_client, self._tls, self._loop))
        for sock in internal if self._tls is not None else (public, *internal):
            listener = await self._loop.create_server(self._make_client, sock=sock, backlog=BACKLOG)
            self._listeners.append(listener)

    def _make_client(self) -> Client:
        return Client(self, self.edge)

    async def drain(self, grace_s: float) -> bool:
        """Take no new requests, and wait until all are answered; tell whether they were in time.

        The sockets stay open meanwhile: a new request is refused politely, with when to come again.
        """
        self.draining = True
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
        self._lag.stop()
        self.cut_off()
        self.parts.targets.close()
        if self._clients:
            self._all_left.clear()
            await self._all_left.wait()
        await self._loop.run_in_executor(None, self.parts.observer.close)

    def cut_off(self) -> None:
        """Drop all connections of clients, with what runs for them."""
        for client in list(self._clients):
            client.abort()

    def reload(self, settings: Settings) -> list[str]:
        """Go on with these settings, and with what is now in the files that they name.

        Returns the names of those that have changed. Raises `UserError`; then nothing has changed. Requests
        under way are not disturbed: they keep their place and their limits.
        """
        old = self.settings
        changed = [name for name in Settings.model_fields if getattr(old, name) != getattr(settings, name)]
        fixed = [name for name in changed if name in _FIXED]
        if _what_stays(old) != _what_stays(settings):
            fixed.append("switches.topology or switches.ejection")
        if fixed:
            raise UserError(f"{', '.join(fixed)}: only a new process can change this; nothing was changed")
        keys = all_keys(settings)
        self.parts.client_tls.reload()
        if self._tls is not None:
            self._tls.reload()
        self.settings = settings
        if old.limits != settings.limits:
            self._change_limits(settings.limits)
        self.parts.reload(settings, keys)
        self.parts.note_names()
        return changed

    def _change_limits(self, limits: Limits) -> None:
        self.edge.change(limits)
        for client in self._clients:
            client.limits_changed()

    def change(self, changes: Mapping[str, Any]) -> list[str]:
        """Go on with these settings in place of those of their names; see `reload`."""
        given = {**self.settings.model_dump(), **changes}
        return self.reload(checked_settings(given, where="the new settings"))

    def change_targets(self, targets: Targets) -> None:
        """Go on with these targets. Raises `UserError`; then nothing has changed."""
        self.parts.targets.change(targets)
        self.settings = self.settings.model_copy(
            update={"replicas": targets.replicas, "peers": targets.peers}
        )
        self.parts.note_names()

    # See `client.Site`

    def joined(self, client: Client) -> None:
        """A connection is open."""
        self.parts.metrics.connections += 1
        self._clients.add(client)

    def departed(self, client: Client) -> None:
        """A connection has ended."""
        self._clients.discard(client)
        if not self._clients:
            self._all_left.set()

    def turned_away(self, error: ApiError) -> None:
        """A connection was not let in."""
        self.parts.metrics.connections_refused[error.code] += 1

    def refused(self, error: ApiError) -> None:
        """Something was refused that never became a request to be placed."""
        self.parts.metrics.refused_at_the_edge(error.status, error.code)

    def expected(self, request: HttpRequest, client: Client) -> None:
        """Refuse what leads nowhere, and who may not ask, before the body is read."""
        self._find(request.method, request.path)
        if self.parts.places(request.path):
            self.parts.placing.expected(request, client)

    def serve(self, request: HttpRequest, answer: Answer, client: Client) -> InProgress | None:
        """Answer a request, or begin to."""
        if self.draining:
            answer.keep_alive = False  # its client does better to connect elsewhere
        return self._find(request.method, request.path)(request, answer, client)

    def error_lines(self) -> bytes:
        """Header lines of an answer to what never became a request."""
        return self._error_lines

    # By the clock

    def _tick(self) -> None:
        self.parts.tick()
        if self.draining and not self.dispatcher.in_progress:
            self._drained.set()

    def _ask_for_models(self) -> None:
        self.parts.catalogue.ask()
        self.parts.note_names()


def _what_stays(settings: Settings) -> object:
    """Return what of the switches a balancer cannot change while it lives."""
    return settings.switches.topology, settings.switches.ejection


def _check_interval_s(settings: Settings) -> float:
    """Return how often to look at the time of requests: to a quarter of the shortest limit, 1 s at most."""
    limits = settings.limits
    shortest_s = min(limits.first_byte_s, limits.between_chunks_s, limits.total_s, limits.hold_s)
    return min(1.0, shortest_s / 4)
