"""From a request on the wire to a request that the balancer can place.

Nothing is refused that an engine could answer: only what cannot be read at all. The body that goes on is the
client's, byte for byte.
"""

from collections.abc import Iterator

from nightshift.balancing.messages import Request
from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client, InProgress
from nightshift.proxy.decision import DEADLINE_MS, HASH_KEY, Identity
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.exchange import Exchange
from nightshift.proxy.limits import Limits
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.surface import Reader
from nightshift.proxy.tokens import PeerTokens


class Placing:
    """Makes an exchange of each request and gives it to the dispatcher."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        identity: Identity,
        tokens: PeerTokens,
        ids: Iterator[int],
        limits: Limits,
    ) -> None:
        self._dispatcher = dispatcher
        self._identity = identity.lines()
        self._name = identity.name
        self._tokens = tokens
        self._ids = ids
        self.limits = limits
        """May be replaced; requests under way keep theirs."""

    def place(
        self, reader: Reader, request: HttpRequest, answer: Answer, client: Client
    ) -> InProgress | None:
        """Begin to answer; None if that is done already. Raises `ApiError`."""
        asked = reader(request)
        peer = self._tokens.peer_of(request)
        hash_key = request.fields.get(HASH_KEY)
        placeable = Request(
            id=f"{self._name}-{next(self._ids)}",
            prompt=asked.prompt,
            hash_key=None if hash_key is None else hash_key.decode("latin-1"),
            from_peer=peer,
            model=asked.model,
            deadline=self._dispatcher.now() + self._time_left_s(request, peer),
        )
        exchange = Exchange(
            placeable,
            request,
            answer,
            client,
            placement=self._dispatcher,
            identity=self._identity,
            limits=self.limits,
        )
        self._dispatcher.arrived(exchange, placeable)
        return None if exchange.over else exchange

    def _time_left_s(self, request: HttpRequest, peer: str | None) -> float:
        """Return the request's own time, or what a peer says is left of it."""
        total_s = self.limits.total_s
        told = request.fields.get(DEADLINE_MS) if peer is not None else None
        return min(total_s, int(told) / 1000) if told is not None and told.isdigit() else total_s
