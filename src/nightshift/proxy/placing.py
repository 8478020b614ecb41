"""From a request on the wire to a request that the balancer can place.

Nothing is refused that an engine could answer: only what cannot be read at all, and who may not ask. The body
that goes on is the client's, byte for byte.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from nightshift.balancing.messages import Request
from nightshift.proxy.access.gate import Entry, Gate
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
from nightshift.proxy.stored import WatchedEntry, owner_line, told_owner
from nightshift.proxy.surface import Asked, Reader
from nightshift.proxy.tokens import PeerTokens

_ACCEPT_ENCODING: Final = b"accept-encoding"


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
        reads = asked.stored is not None and not asked.stored.generates
        entry = self._gate.admit(now, key, None if reads else asked.model, asked.prompt.length_bytes)
        path = asked.route or request.path
        outcome = Outcome(f"{self._name}-{next(self._ids)}", request.method, path, now)
        outcome.model, outcome.stream = asked.model, asked.stream
        outcome.client, outcome.tenant = client.party, "" if key is None else key.id
        outcome.from_peer = peer or ""
        outcome.request_bytes, outcome.prompt_bytes = len(request.body), asked.prompt.length_bytes
        if peer is not None or self.residency is not None:
            outcome.regions = self._regions(request, peer, key)
        headers = self._observer.began(outcome, request.headers)
        if headers is not request.headers:
            request.headers, request.lines = headers, request_lines(headers)
        tenant = outcome.tenant or None
        if asked.stores or asked.stored is not None:
            if peer is not None:
                tenant = told_owner(request.fields)
            entry = self._watched(asked, request, entry, outcome, tenant)
        hash_key = request.fields.get(HASH_KEY)
        placeable = Request(
            id=outcome.id,
            prompt=asked.prompt,
            hash_key=None if hash_key is None else hash_key.decode("latin-1"),
            from_peer=peer,
            tenant=tenant,
            model=asked.model,
            deadline=now + (self.limits.total_s if peer is None else self._time_left_s(request)),
            regions=outcome.regions,
            stored=asked.stored,
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
        if asked.stores or asked.stored is not None:
            exchange.hop_lines = owner_line(outcome.tenant)
        self._dispatcher.arrived(exchange, placeable)
        return None if exchange.over else exchange

    def _watched(
        self,
        asked: Asked,
        request: HttpRequest,
        entry: Entry | None,
        outcome: Outcome,
        owner: str | None,
    ) -> Entry:
        """Have the answer of a request watched for the stored responses that it tells of."""
        request.drop(_ACCEPT_ENCODING)  # a compressed answer's id could not be read
        stored = asked.stored
        return WatchedEntry(
            entry,
            outcome,
            partial(self._dispatcher.stored, outcome.id),
            named=None if stored is None else stored.id,
            # A client that chooses the id itself could choose another's, once that is forgotten here.
            stores=asked.stores and (owner is None or not asked.chooses_id),
            fetches=stored is not None and not stored.generates,
            background=asked.background,
            charge=partial(self._dispatcher.charges, owner),
        )

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
