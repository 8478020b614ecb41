"""The parts of one live balancer, made and joined to each other."""

import asyncio
import secrets
from functools import partial
from itertools import count
from random import Random
from time import monotonic

from nightshift.balancing.balancer import Balancer
from nightshift.proxy.catalogue import Catalogue
from nightshift.proxy.decision import Identity
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.own_pages import OwnPages, Page
from nightshift.proxy.peers import Peers
from nightshift.proxy.placing import Placing
from nightshift.proxy.pool import Pool
from nightshift.proxy.probes import Probes
from nightshift.proxy.routes import Routes
from nightshift.proxy.settings import Settings
from nightshift.proxy.surface import api
from nightshift.proxy.targets import TargetSet
from nightshift.proxy.tokens import PeerTokens


class Parts:
    """What a server starts, ticks and stops. Make it inside its event loop."""

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        limits = settings.limits
        self.identity = Identity(settings.name, settings.region)
        balancer = Balancer(name=settings.name, switches=settings.switches, rng=Random(settings.seed))
        self.tokens = PeerTokens(settings.peer_token)
        peer_lines = self.tokens.lines(settings.name)
        # The loop's own clock stands still within a turn and counts whole milliseconds (libuv).
        self.dispatcher = Dispatcher(balancer, monotonic, hop_lines=peer_lines)
        make_pool = partial(Pool, loop=loop, limits=limits)
        self.catalogue = Catalogue(self.dispatcher, make_pool, limits.probe_s, peer_lines)
        self.probes = Probes(self.dispatcher, make_pool, limits.probe_s, came_up=self.catalogue.ask_replica)
        self.peers = Peers(
            self.dispatcher, make_pool, limits.probe_s, peer_lines, other_models=self.catalogue.ask_peer
        )
        self.dispatcher.asks_to_steal = self.peers.ask_to_steal
        self.targets = TargetSet(
            self.dispatcher,
            self.probes,
            self.peers,
            self.catalogue,
            region=settings.region,
            make_pool=make_pool,
        )
        self.placing = Placing(self.dispatcher, self.identity, self.tokens, count(), limits)
        self.pages = OwnPages(
            self.identity,
            dispatcher=self.dispatcher,
            targets=self.targets,
            probes=self.probes,
            peers=self.peers,
            catalogue=self.catalogue,
            tokens=self.tokens,
        )
        readers = api(secrets.randbits(64))  # nobody can test a guess of a prompt against the index
        placed = {path: {"POST": partial(self.placing.place, reader)} for path, reader in readers.items()}
        self.routes: Routes[Page] = Routes({**self.pages.table(), **placed}, self.pages.table_by_prefix())

    def reload(self, settings: Settings) -> None:
        """Go on with these settings."""
        self.placing.limits = settings.limits
        self.targets.change(settings)
