"""Which models are served, here and by the peers: what `/v1/models` shows, and what placement goes by.

Every replica is asked for its list when it is new, when it answers again, and every so often, since
adapters are loaded and unloaded while engines run. Peers are asked for theirs the same way; what a peer can
serve is in its report too, which comes more often and decides. The last list of a target that does not
answer is kept: that it is gone is for its probes to say.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import orjson

from nightshift.backends.adapters.models import MODELS_PATH, read_models
from nightshift.proxy.call import Reply
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.endpoint import Endpoint
from nightshift.proxy.poller import Poller, well_answered
from nightshift.proxy.pollers import Pollers
from nightshift.proxy.pool import Pool

OWN_MODELS_PATH = "/nightshift/models"

Card = Mapping[str, Any]
"""A model as an engine describes it; it has an `id`."""


class Catalogue:
    """The pollers of all lists, and the last answer of each."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        make_pool: Callable[[Endpoint], Pool],
        timeout_s: float,
        peer_lines: bytes,
    ) -> None:
        """`peer_lines` are the header lines that peers want to see."""
        self._dispatcher = dispatcher
        self._make_pool = make_pool
        self._timeout_s = timeout_s
        self._replicas = Pollers(partial(self._poller, MODELS_PATH, self._replica_told, b""))
        self._peers = Pollers(partial(self._poller, OWN_MODELS_PATH, self._peer_told, peer_lines))
        self._own: dict[str, list[Card]] = {}
        self._theirs: dict[str, list[Card]] = {}
        self._settled: dict[str, frozenset[str]] = {}

    def show(self, peer_lines: bytes) -> None:
        """Show peers these lines from now on; whom to ask has to be said again."""
        self._peers.set_targets(())
        self._peers = Pollers(partial(self._poller, OWN_MODELS_PATH, self._peer_told, peer_lines))

    def set_targets(
        self,
        replicas: Iterable[Endpoint],
        peers: Iterable[Endpoint],
        settled: Mapping[str, frozenset[str]],
    ) -> None:
        """Ask these from now on; `settled` are the models that an operator has named, by replica."""
        self._settled = dict(settled)
        self._replicas.set_targets(replicas)
        self._peers.set_targets(peers)
        self._own = {id_: self._own[id_] for id_ in self._replicas.by_id if id_ in self._own}
        self._theirs = {id_: self._theirs[id_] for id_ in self._peers.by_id if id_ in self._theirs}

    def name_settled(self) -> None:
        """Tell the balancer what operators have named; it knows the replicas by now."""
        for replica, models in self._settled.items():
            self._report(replica, models)

    def ask(self) -> None:
        """Ask all that owe no answer."""
        self._replicas.ask()
        self._peers.ask()

    def ask_replica(self, replica: str) -> None:
        """Ask this one now: it has come back, perhaps as another."""
        if poller := self._replicas.by_id.get(replica):
            poller.ask()

    def ask_peer(self, peer: str) -> None:
        """Ask this one now: its report names other models than before."""
        if poller := self._peers.by_id.get(peer):
            poller.ask()

    def stop(self) -> None:
        """Ask nobody any more."""
        self.set_targets((), (), {})

    def own(self) -> list[Card]:
        """Return the models of the replicas here, each once."""
        return _each_once(self._own)

    def all(self) -> list[Card]:
        """Return the models of replicas and peers, each once, as the nearest one describes it."""
        return _each_once(self._own, self._theirs)

    def _poller(
        self, path: str, heard: Callable[[str, Reply], None], lines: bytes, endpoint: Endpoint
    ) -> Poller:
        pool, clock = self._make_pool(endpoint), self._dispatcher.now
        return Poller(
            pool, path, clock, self._timeout_s, heard=heard, silent=lambda target: None, lines=lines
        )

    def _replica_told(self, replica: str, reply: Reply) -> None:
        self._own[replica] = _cards(well_answered(reply))
        self._report(replica, self._settled.get(replica) or read_models(reply.body))

    def _peer_told(self, peer: str, reply: Reply) -> None:
        self._theirs[peer] = _cards(well_answered(reply))

    def _report(self, replica: str, models: frozenset[str] | None) -> None:
        balancer, now = self._dispatcher.balancer, self._dispatcher.now()
        self._dispatcher.perform(balancer.models_reported(now, replica, models))


def _cards(body: bytes) -> list[Card]:
    """Read an OpenAI list. Raises ValueError."""
    told = orjson.loads(body)
    cards = told.get("data") if isinstance(told, dict) else None
    if not isinstance(cards, list):
        raise ValueError("is no list of models")
    return [card for card in cards if isinstance(card, dict) and isinstance(card.get("id"), str)]


def _each_once(*groups: Mapping[str, list[Card]]) -> list[Card]:
    merged: dict[str, Card] = {}
    for lists in groups:
        for cards in lists.values():
            for card in cards:
                merged.setdefault(card["id"], card)
    return list(merged.values())
