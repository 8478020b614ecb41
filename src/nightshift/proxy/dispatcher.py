"""Joins the balancer to the requests that are really there: events in, actions carried out.

It holds no rule about placement. Actions are carried out in the order given, also when carrying one out
leads to the next event: those wait until the first ones are done.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import Action, AskToSteal, Forward, HandOver, PassOn, Reject, Request
from nightshift.proxy.decision import PEER, PEER_TOKEN
from nightshift.proxy.exchange import Exchange
from nightshift.proxy.pool import Pool

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counters:
    """Requests since the start, by what became of them."""

    arrived: int = 0
    from_peers: int = 0
    forwarded: int = 0
    """Sent to a replica of this balancer."""
    handed_over: int = 0
    """Sent to a peer, those included that it stole."""
    stolen: int = 0
    """Given to a peer that asked for work."""
    completed: int = 0
    rejected: int = 0
    failed: int = 0
    """Cut off amid the answer by a replica or a peer."""
    lost: int = 0
    """Times that a target failed before the client had seen anything, whether another one answered or not."""
    undelivered: int = 0
    """Times that a target could not be reached and the request went back to the balancer."""
    client_gone: int = 0


class Dispatcher:
    """The shell of the balancer (`messages.Shell`) towards requests."""

    def __init__(
        self, balancer: Balancer, clock: Callable[[], float], *, peer_token: str | None = None
    ) -> None:
        self.balancer = balancer
        self.now = clock
        self.counters = Counters()
        self.replicas: Mapping[str, Pool] = {}
        self.peers: Mapping[str, Pool] = {}
        self.asks_to_steal: Callable[[str, int], None] = lambda peer, count: None
        """Carries a question for work to a peer."""
        self._exchanges: dict[str, Exchange] = {}
        self._actions: deque[Action] = deque()
        self._acting = False
        token = (peer_token or "").encode()
        self._hop_lines = b"%b: %b\r\n%b: %b\r\n" % (PEER, balancer.name.encode(), PEER_TOKEN, token)

    @property
    def in_progress(self) -> int:
        """Requests that are not answered yet."""
        return len(self._exchanges)

    # Events

    def arrived(self, exchange: Exchange, request: Request) -> None:
        """A request is here, whole."""
        self.counters.arrived += 1
        if request.from_peer is not None:
            self.counters.from_peers += 1
        self._exchanges[exchange.id] = exchange
        self.perform(self.balancer.request_arrived(self.now(), request))

    def ended(self, exchange: Exchange, *, failed: bool) -> None:
        """See `exchange.Placement`."""
        if failed:
            self.counters.failed += 1
        else:
            self.counters.completed += 1
        del self._exchanges[exchange.id]
        event = self.balancer.request_failed if failed else self.balancer.request_ended
        self.perform(event(self.now(), exchange.id))

    def undelivered(self, exchange: Exchange, reason: str) -> None:
        """See `exchange.Placement`."""
        _log.warning("request %s was not delivered: %s", exchange.id, reason)
        self.counters.undelivered += 1
        self.perform(self.balancer.request_undelivered(self.now(), exchange.id))

    def lost(self, exchange: Exchange, reason: str) -> None:
        """See `exchange.Placement`."""
        _log.warning("request %s was lost: %s", exchange.id, reason)
        self.counters.lost += 1
        self.perform(self.balancer.request_lost(self.now(), exchange.id))

    def left(self, exchange: Exchange) -> None:
        """See `exchange.Placement`."""
        self.counters.client_gone += 1
        del self._exchanges[exchange.id]
        self.perform(self.balancer.client_gone(self.now(), exchange.id))

    def steal_asked(self, thief: str, count: int) -> int:
        """A peer asks for queued requests. Return how many it gets."""
        actions = self.balancer.steal_asked(self.now(), thief, count)
        self.counters.stolen += len(actions)
        self.perform(actions)
        return len(actions)

    def perform(self, actions: Sequence[Action]) -> None:
        """Carry out what the balancer decided."""
        if not actions:
            return
        self._actions.extend(actions)
        if self._acting:
            return
        self._acting = True
        try:
            while self._actions:
                self._actions.popleft().run(self)
        finally:
            self._acting = False

    # Actions. A request, or its target, may be gone by the time its action comes to its turn.

    def forward(self, action: Forward) -> None:
        """See `messages.Shell`."""
        self.counters.forwarded += 1
        self._send(action, self.replicas.get(action.replica), None)

    def hand_over(self, action: HandOver) -> None:
        """See `messages.Shell`."""
        self.counters.handed_over += 1
        self._send(action, self.peers.get(action.peer), self._hop_lines)

    def _send(self, action: Forward | HandOver, pool: Pool | None, hop_lines: bytes | None) -> None:
        exchange = self._exchanges.get(action.request_id)
        if exchange is None:
            return  # its client left, which the balancer was told
        if pool is None:
            self.undelivered(exchange, "its target was taken away")
        else:
            exchange.send(pool, action.decision, hop_lines)

    def reject(self, action: Reject) -> None:
        """See `messages.Shell`."""
        exchange = self._exchanges.pop(action.request_id, None)
        if exchange is not None:
            self.counters.rejected += 1
            exchange.refuse(action)

    def pass_on(self, action: PassOn) -> None:
        """See `messages.Shell`. Never asked for: this shell passes answers on without asking the balancer."""
        raise NotImplementedError(action)

    def ask_to_steal(self, action: AskToSteal) -> None:
        """See `messages.Shell`."""
        self.asks_to_steal(action.peer, action.count)
