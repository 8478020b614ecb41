"""One balancer, live: puts the parts together, starts them and stops them."""

import asyncio
import socket
from functools import partial
from itertools import count
from random import Random
from time import monotonic

from nightshift.balancing.balancer import Balancer
from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client, InProgress
from nightshift.proxy.decision import Identity
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.own_pages import OwnPages, Page
from nightshift.proxy.peers import Peers
from nightshift.proxy.placing import Placing
from nightshift.proxy.pool import Pool
from nightshift.proxy.probes import Probes
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.routes import Routes
from nightshift.proxy.settings import Settings
from nightshift.proxy.targets import TargetSet
from nightshift.proxy.ticker import Ticker
from nightshift.proxy.tokens import PeerTokens


class Server:
    """Serves on one socket until stopped. Make and use it inside its event loop."""

    def __init__(self, settings: Settings) -> None:
        loop = asyncio.get_running_loop()
        limits = settings.limits
        identity = Identity(settings.name, settings.region)
        balancer = Balancer(name=settings.name, switches=settings.switches, rng=Random(settings.seed))
        tokens = PeerTokens(settings.peer_token)
        # The loop's own clock stands still within a turn and counts whole milliseconds (libuv).
        self.dispatcher = Dispatcher(balancer, monotonic, peer_token=tokens.shown)
        make_pool = partial(Pool, loop=loop, limits=limits)
        self._probes = Probes(self.dispatcher, make_pool, limits.probe_s)
        self._peers = Peers(self.dispatcher, make_pool, limits.probe_s, tokens.shown)
        self.dispatcher.asks_to_steal = self._peers.ask_to_steal
        self._targets = TargetSet(
            self.dispatcher, self._probes, self._peers, region=settings.region, make_pool=make_pool
        )
        placing = Placing(self.dispatcher, identity, tokens, count())
        pages = OwnPages(
            identity,
            dispatcher=self.dispatcher,
            targets=self._targets,
            probes=self._probes,
            peers=self._peers,
            tokens=tokens,
        )
        self._routes: Routes[Page] = Routes(pages.table(), placing.serve)
        self._error_lines = identity.lines()
        self._settings = settings
        self._loop = loop
        self._ticker = Ticker(loop, settings.probe_interval_s, self._tick)
        self._listener: asyncio.Server | None = None
        self._clients: set[Client] = set()
        self._all_left = asyncio.Event()

    async def start(self, sock: socket.socket) -> None:
        """Serve on this listening socket."""
        self._targets.change(self._settings)
        self._ticker.start()
        limits = self._settings.limits
        self._listener = await self._loop.create_server(lambda: Client(self, limits), sock=sock)

    async def stop(self) -> None:
        """Close all connections at once and wait until they are."""
        if self._listener is not None:
            self._listener.close()
        self._ticker.stop()
        for client in list(self._clients):
            client.abort()
        self._targets.close()
        if self._clients:
            self._all_left.clear()
            await self._all_left.wait()

    # See `client.Site`

    def joined(self, client: Client) -> None:
        """A connection is open."""
        self._clients.add(client)

    def departed(self, client: Client) -> None:
        """A connection has ended."""
        self._clients.discard(client)
        if not self._clients:
            self._all_left.set()

    def serve(self, request: HttpRequest, answer: Answer, client: Client) -> InProgress | None:
        """Answer a request, or begin to."""
        return self._routes.find(request.method, request.path)(request, answer, client)

    def error_lines(self) -> bytes:
        """Header lines of an answer to what never became a request."""
        return self._error_lines

    def _tick(self) -> None:
        self._probes.ask()
        self._peers.ask()
        self.dispatcher.perform(self.dispatcher.balancer.time_passed(self.dispatcher.now()))
