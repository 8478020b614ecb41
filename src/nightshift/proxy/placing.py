"""From a request on the wire to a request that the balancer can place.

Nothing is refused that an engine could answer: only what cannot be read at all, and who may not ask. The body
that goes on is the client's, byte for byte.
"""

from collections.abc import Iterator

from nightshift.balancing.messages import Request
from nightshift.proxy.access.gate import Gate
from nightshift.proxy.access.keys import Key
from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client, InProgress
from nightshift.proxy.decision import DEADLINE_MS, HASH_KEY, Identity
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.errors import ApiError
from nightshift.proxy.exchange import Exchange
from nightshift.proxy.fields import request_lines
from nightshift.proxy.limits import Limits
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.residency import RESIDENCY, Allowed, Residency, told
from nightshift.proxy.seen.observer import Observer
from nightshift.proxy.seen.outcome import Outcome
from nightshift.proxy.surface import Reader
from nightshift.proxy.tokens import PeerTokens


class Placing:
    """Makes an exchange of each request and gives it to the dispatcher."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        identity: Identity,
        *,
        tokens: PeerTokens,
        gate: Gate,
        observer: Observer,
        ids: Iterator[int],
        limits: Limits,
        residency: Residency | None,
    ) -> None:
        """`residency` is None when every region may serve everybody."""
        self._dispatcher = dispatcher
        self._identity = identity.lines()
        self._name = identity.name
        self._tokens = tokens
        self._gate = gate
        self._observer = observer
        self._ids = ids
        self.limits = limits
        self.residency = residency
        """Both may be replaced; requests under way keep theirs."""

    def expected(self, request: HttpRequest, client: Client) -> None:
        """Look at who asks, before the body is read. Raises `ApiError` 401."""
        if self._tokens.peer_of(request, certified=client.certified) is None:
            self._gate.check(request)

    def place(
        self, reader: Reader, request: HttpRequest, answer: Answer, client: Client
    ) -> InProgress | None:
        """Begin to answer; None if that is done already. Raises `ApiError`."""
        now = self._dispatcher.now()
        peer = self._tokens.peer_of(request, certified=client.certified)
        key = self._gate.authenticate(request) if peer is None else None
        if self._dispatcher.held_bytes + len(request.body) > self.limits.held_bytes:
            raise ApiError(503, "too_much_held", "too many large requests are under way", retry_after_s=1)
        asked = reader(request)
        entry = self._gate.admit(now, key, asked.model, asked.prompt.length_bytes)
        outcome = Outcome(f"{self._name}-{next(self._ids)}", request.method, request.path, now)
        outcome.model, outcome.stream = asked.model, asked.stream
        outcome.client, outcome.tenant = client.party, "" if key is None else key.id
        outcome.from_peer = peer or ""
        outcome.request_bytes, outcome.prompt_bytes = len(request.body), asked.prompt.length_bytes
        if peer is not None or self.residency is not None:
            outcome.regions = self._regions(request, peer, key)
        headers = self._observer.began(outcome, request.headers)
        if headers is not request.headers:
            request.headers, request.lines = headers, request_lines(headers)
        hash_key = request.fields.get(HASH_KEY)
        placeable = Request(
            id=outcome.id,
            prompt=asked.prompt,
            hash_key=None if hash_key is None else hash_key.decode("latin-1"),
            from_peer=peer,
            tenant=outcome.tenant or None,
            model=asked.model,
            deadline=now + (self.limits.total_s if peer is None else self._time_left_s(request)),
            regions=outcome.regions,
        )
        exchange = Exchange(
            placeable,
            request,
            answer,
            client,
            placement=self._dispatcher,
            identity=self._identity,
            limits=self.limits,
            outcome=outcome,
            entry=entry,
        )
        self._dispatcher.arrived(exchange, placeable)
        return None if exchange.over else exchange

    def _regions(self, request: HttpRequest, peer: str | None, key: Key | None) -> Allowed:
        """Return where the request may be served: what its first balancer says counts, which knew the key."""
        value = request.fields.get(RESIDENCY) if peer is not None else None
        if value is not None:
            return told(value)
        return None if self.residency is None else self.residency.of(None if key is None else key.tenant)

    def _time_left_s(self, request: HttpRequest) -> float:
        """Return what a peer says is left of a request's time."""
        total_s = self.limits.total_s
        told = request.fields.get(DEADLINE_MS)
        return min(total_s, int(told) / 1000) if told is not None and told.isdigit() else total_s
