"""Joins the balancer to the requests that are really there: events in, actions carried out.

It holds no rule about placement. Actions are carried out in the order given, also when carrying one out
leads to the next event: those wait until the first ones are done.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import Action, AskToSteal, Forward, HandOver, PassOn, Reject, Request
from nightshift.balancing.refusals import RESPONSE_NOT_FOUND
from nightshift.proxy.decision import DEADLINE_MS
from nightshift.proxy.exchange import Exchange
from nightshift.proxy.pool import Pool
from nightshift.proxy.residency import line
from nightshift.proxy.seen.metrics import TargetKind
from nightshift.proxy.seen.observer import Observer
from nightshift.proxy.seen.outcome import (
    CLIENT_GONE,
    COMPLETED,
    DECLINED,
    EXPIRED,
    FAILED,
    REFUSED,
    Ending,
)
from nightshift.proxy.seen.quiet_log import QuietLog

_log = logging.getLogger(__name__)
_LOOKED_FOR_PREFIX: Final = ("prefix", "least_load_no_prefix")


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
    expired: int = 0
    """Cut off, or answered with an error, because the deadline had passed."""
    lost: int = 0
    """Times that a target failed before the client had seen anything, whether another one answered or not."""
    refused: int = 0
    """Times that a target answered that it cannot (5xx), whether another one answered or not."""
    declined: int = 0
    """Times that a peer had no place for a request after all."""
    undelivered: int = 0
    """Times that a target could not be reached and the request went back to the balancer."""
    client_gone: int = 0


class Dispatcher:
    """The shell of the balancer (`messages.Shell`) towards requests."""

    def __init__(
        self, balancer: Balancer, clock: Callable[[], float], observer: Observer, *, hop_lines: bytes = b""
    ) -> None:
        """`hop_lines` are the header lines that mark a request as handed over."""
        self._observer = observer
        self._metrics = observer.metrics
        self._quiet = QuietLog(_log, clock, suppressed=self._suppressed)
        self.balancer = balancer
        self.now = clock
        self.counters = Counters()
        self.replicas: dict[str, Pool] = {}
        self.peers: dict[str, Pool] = {}
        self.asks_to_steal: Callable[[str, int], None] = lambda peer, count: None
        """Carries a question for work to a peer."""
        self.held_bytes = 0
        """Bodies of requests that may still have to be sent, or sent again."""
        self._exchanges: dict[str, Exchange] = {}
        self._actions: deque[Action] = deque()
        self._acting = False
        self.hop_lines = hop_lines

    @property
    def in_progress(self) -> int:
        """Requests that are not answered yet."""
        return len(self._exchanges)

    @property
    def exchanges(self) -> Iterable[Exchange]:
        """Those requests, oldest first."""
        return self._exchanges.values()

    # Events

    def arrived(self, exchange: Exchange, request: Request) -> None:
        """A request is here, whole."""
        self.counters.arrived += 1
        if request.from_peer is not None:
            self.counters.from_peers += 1
        self._exchanges[exchange.id] = exchange
        self.held_bytes += exchange.outcome.request_bytes
        self.perform(self.balancer.request_arrived(self.now(), request))

    def ended(self, exchange: Exchange) -> None:
        """See `exchange.Placement`."""
        self.counters.completed += 1
        now = self._over(exchange, COMPLETED)
        self.perform(self.balancer.request_ended(now, exchange.id))

    def failed(self, exchange: Exchange, reason: str) -> None:
        """See `exchange.Placement`."""
        self._say(exchange, "cut off amid its answer", reason)
        self.counters.failed += 1
        now = self._over(exchange, FAILED)
        self.perform(self.balancer.request_failed(now, exchange.id))

    def undelivered(self, exchange: Exchange, reason: str, *, ours: bool = False) -> None:
        """See `exchange.Placement`."""
        self._say(exchange, "not delivered", reason)
        self.counters.undelivered += 1
        if not ours:
            self._metrics.upstream_failed(exchange.outcome.target, "connect")
        self.perform(self.balancer.request_undelivered(self.now(), exchange.id, ours=ours))

    def lost(self, exchange: Exchange, reason: str, *, timed_out: bool = False) -> None:
        """See `exchange.Placement`."""
        self._say(exchange, "lost", reason)
        self.counters.lost += 1
        self._metrics.upstream_failed(exchange.outcome.target, "timeout" if timed_out else "lost")
        self.perform(self.balancer.request_lost(self.now(), exchange.id, timed_out=timed_out))

    def refused(self, exchange: Exchange) -> None:
        """See `exchange.Placement`."""
        self.counters.refused += 1
        self._metrics.upstream_failed(exchange.outcome.target, "refused")
        self.perform(self.balancer.request_refused(self.now(), exchange.id))

    def declined(self, exchange: Exchange) -> None:
        """See `exchange.Placement`."""
        self.counters.declined += 1
        self._metrics.upstream_failed(exchange.outcome.target, "declined")
        self.perform(self.balancer.request_declined(self.now(), exchange.id))

    def expired(self, exchange: Exchange) -> None:
        """See `exchange.Placement`."""
        self.counters.expired += 1
        now = self._over(exchange, EXPIRED)
        self.perform(self.balancer.client_gone(now, exchange.id))

    def left(self, exchange: Exchange) -> None:
        """See `exchange.Placement`."""
        self.counters.client_gone += 1
        now = self._over(exchange, CLIENT_GONE)
        self.perform(self.balancer.client_gone(now, exchange.id))

    def stored(self, exchange_id: str, response: str) -> None:
        """The answer of a request, as it begins, tells of a response that its target has stored."""
        self.balancer.response_stored(self.now(), exchange_id, response)

    def charges(self, owner: str | None, response: str) -> bool:
        """Tell whether a response that was made in the background, and is seen to be done, is charged now."""
        return self.balancer.stored.responses.charge(self.now(), response, owner)

    def body_dropped(self, size_bytes: int) -> None:
        """See `exchange.Placement`."""
        self.held_bytes -= size_bytes

    def violated(self, exchange: Exchange) -> None:
        """See `exchange.Placement`."""
        self._metrics.residency_violations += 1
        self._say(exchange, "answered", "its region may not serve this request")

    def _over(self, exchange: Exchange, ended: Ending) -> float:
        """Note how a request ended, for who watches and for its key. Return the time."""
        del self._exchanges[exchange.id]
        now, outcome = self.now(), exchange.outcome
        outcome.ended = ended
        outcome.duration_s = now - outcome.arrived
        exchange.settle(now)
        self._observer.ended(outcome)
        return now

    def _say(self, exchange: Exchange, what: str, reason: str) -> None:
        """Log a failure: one line for each target and kind, now and then, however many requests it hits."""
        target = exchange.outcome.target or "a target that is gone"
        self._quiet.say(f"{target} {what}", "%s: request %s was %s: %s", target, exchange.id, what, reason)

    def _suppressed(self) -> None:
        self._metrics.warnings_suppressed += 1

    def check_times(self) -> None:
        """Give up what takes too long. Costs O(requests in progress): call it once a second or so."""
        now = self.now()
        for exchange in list(self._exchanges.values()):
            exchange.check_time(now)

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
        if self._acting:
            self._actions.extend(actions)
            return
        self._acting = True
        try:
            for action in actions:
                action.run(self)
            while self._actions:
                self._actions.popleft().run(self)
        finally:
            self._acting = False

    # Actions. A request, or its target, may be gone by the time its action comes to its turn.

    def forward(self, action: Forward) -> None:
        """See `messages.Shell`."""
        self.counters.forwarded += 1
        self._send(action, "replica", self.replicas.get(action.replica), None)

    def hand_over(self, action: HandOver) -> None:
        """See `messages.Shell`."""
        self.counters.handed_over += 1
        self._send(action, "peer", self.peers.get(action.peer), self.hop_lines)

    def _send(
        self, action: Forward | HandOver, kind: TargetKind, pool: Pool | None, hop_lines: bytes | None
    ) -> None:
        exchange = self._exchanges.get(action.request_id)
        if exchange is None:
            return  # its client left, which the balancer was told
        if pool is None:
            self.undelivered(exchange, "its target was taken away")
            return
        endpoint, decision = pool.endpoint, action.decision
        matched = decision.matched if decision.reason in _LOOKED_FOR_PREFIX else None
        self._metrics.placed(kind, endpoint.id, endpoint.region, decision.reason, matched)
        if hop_lines is not None:  # what is left of its time goes with it; clocks need not agree
            left_ms = max(0.0, exchange.deadline - self.now()) * 1000
            hop_lines += b"%b: %d\r\n%b" % (DEADLINE_MS, left_ms, exchange.hop_lines)
        regions = exchange.outcome.regions
        if regions is not None:
            self._metrics.constrained += 1
            if hop_lines is not None:
                hop_lines += line(regions)
        exchange.send(pool, decision, hop_lines)

    def pass_on(self, action: PassOn) -> None:
        """See `messages.Shell`."""
        exchange = self._exchanges.get(action.request_id)
        if exchange is not None:
            exchange.pass_on()

    def reject(self, action: Reject) -> None:
        """See `messages.Shell`."""
        exchange = self._exchanges.get(action.request_id)
        if exchange is not None:
            self.counters.rejected += 1
            declined = exchange.outcome.from_peer and (
                action.status in (429, 503) or action.code == RESPONSE_NOT_FOUND
            )
            exchange.refuse(action)
            self._over(exchange, DECLINED if declined else REFUSED)

    def ask_to_steal(self, action: AskToSteal) -> None:
        """See `messages.Shell`."""
        self.asks_to_steal(action.peer, action.count)
