"""The parts of one live balancer, made and joined to each other."""

import asyncio
import secrets
from datetime import UTC, datetime
from functools import partial
from itertools import count
from random import Random
from time import monotonic

from nightshift.balancing.balancer import Balancer
from nightshift.proxy.access.gate import Gate
from nightshift.proxy.access.key_files import all_keys
from nightshift.proxy.access.settings import KeySettings
from nightshift.proxy.access.tls import ClientTls
from nightshift.proxy.catalogue import Catalogue
from nightshift.proxy.decision import Identity
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.endpoint import Endpoint
from nightshift.proxy.own_pages import OwnPages, Page
from nightshift.proxy.peers import Peers
from nightshift.proxy.placing import Placing
from nightshift.proxy.pool import Pool
from nightshift.proxy.probes import Probes
from nightshift.proxy.residency import Residency
from nightshift.proxy.routes import Routes
from nightshift.proxy.seen.metrics import Metrics
from nightshift.proxy.seen.witnesses import make_observer
from nightshift.proxy.settings import Settings
from nightshift.proxy.surface import STORED_METHODS, STORED_PREFIX, api, of_stored
from nightshift.proxy.targets import TargetSet
from nightshift.proxy.tokens import PeerTokens


class Parts:
    """What a server starts, ticks and stops. Make it inside its event loop."""

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        """Raises `UserError` for files that the settings name and that are no good."""
        limits = settings.limits
        self.identity = Identity(settings.name, settings.region)
        balancer = Balancer(name=settings.name, switches=settings.switches, rng=Random(settings.seed))
        self.tokens = PeerTokens(settings.peer_token, needs_certificate=settings.peer_tls is not None)
        self.gate = Gate(
            all_keys(settings),
            passes_authorization=settings.passes_authorization,
            today=lambda: datetime.now(UTC),
        )
        self.client_tls = ClientTls(settings)
        self.metrics = Metrics()
        self.observer = make_observer(
            self.metrics,
            name=settings.name,
            region=settings.region,
            access_log=settings.access_log,
            otel=settings.otel,
        )
        peer_lines = self.tokens.lines(settings.name)
        # The loop's own clock stands still within a turn and counts whole milliseconds (libuv).
        self.dispatcher = Dispatcher(balancer, monotonic, self.observer, hop_lines=peer_lines)

        def make_pool(endpoint: Endpoint) -> Pool:
            return Pool(endpoint, loop, self.placing.limits)

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
            name=settings.name,
            region=settings.region,
            make_pool=make_pool,
            client_tls=self.client_tls,
        )
        self.placing = Placing(
            self.dispatcher,
            self.identity,
            tokens=self.tokens,
            gate=self.gate,
            observer=self.observer,
            ids=count(),
            limits=limits,
            residency=_residency(settings),
        )
        pages = OwnPages(
            self.identity,
            dispatcher=self.dispatcher,
            targets=self.targets,
            probes=self.probes,
            peers=self.peers,
            catalogue=self.catalogue,
            tokens=self.tokens,
            gate=self.gate,
            metrics=self.metrics,
        )
        self.state = pages.facts
        readers = api(secrets.randbits(64))  # a seed of its own: digests tell nothing to who has not got it
        self._placed = frozenset(readers)
        placed: dict[str, dict[str, Page]] = {
            path: {"POST": partial(self.placing.place, reader)} for path, reader in readers.items()
        }
        of_one: dict[str, Page] = dict.fromkeys(STORED_METHODS, partial(self.placing.place, of_stored))
        self.routes: Routes[Page] = Routes(
            {**pages.table(), **placed}, {**pages.table_by_prefix(), STORED_PREFIX: of_one}
        )

    def places(self, path: str) -> bool:
        """Tell whether requests for a path are for engines."""
        return path in self._placed or path.startswith(STORED_PREFIX)

    def reload(self, settings: Settings, keys: tuple[KeySettings, ...] | None) -> None:
        """Go on with these settings and keys, which have been checked."""
        dispatcher = self.dispatcher
        now = dispatcher.now()
        self.placing.limits = settings.limits
        self.targets.use(settings.limits)
        self.placing.residency = _residency(settings)
        self.gate.change(now, keys)
        self.tokens.change(settings.peer_token)
        lines = self.tokens.lines(settings.name)
        if lines != dispatcher.hop_lines:
            dispatcher.hop_lines = lines
            self.peers.show(lines)
            self.catalogue.show(lines)
        dispatcher.perform(dispatcher.balancer.switches_changed(now, settings.switches))
        self.targets.change(settings)
        self.observer.reopen()

    def tick(self) -> None:
        """Do what is due at every probe interval."""
        self.probes.ask()
        self.peers.ask()
        self.observer.tick()
        dispatcher = self.dispatcher
        dispatcher.perform(dispatcher.balancer.time_passed(dispatcher.now()))

    def note_names(self) -> None:
        """Tell the metrics which targets and models there are: others are not shown by name."""
        dispatcher = self.dispatcher
        self.metrics.targets_are(replicas=dispatcher.replicas, peers=dispatcher.peers)
        self.metrics.models_are(card["id"] for card in self.catalogue.all())


def _residency(settings: Settings) -> Residency | None:
    return Residency(settings.residency) if settings.residency else None
