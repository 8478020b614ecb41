"""One request from its arrival to the last byte of its answer.

An exchange is told where to go by the balancer, has the response relayed (`relay`), and tells the balancer
when the place is free again, however it ended. It is over exactly once: by an answer, by a failure that the
client gets to see, because its time is over, or because the client left.
"""

from math import inf
from typing import Final, Protocol

from nightshift.balancing.messages import Decision, Reject, Request
from nightshift.balancing.refusals import RESPONSE_NOT_FOUND
from nightshift.balancing.stored_placement import HELD, SOUGHT
from nightshift.proxy.access.gate import Entry
from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client
from nightshift.proxy.decision import REASON, crossed_lines, local_lines, refused_lines
from nightshift.proxy.delivery import Delivery
from nightshift.proxy.endpoint import REPLICA, SERVED_BY, Endpoint
from nightshift.proxy.errors import ApiError, deadline_exceeded, upstream_lost, upstream_stalled
from nightshift.proxy.fields import request_lines
from nightshift.proxy.limits import Limits
from nightshift.proxy.pool import Pool
from nightshift.proxy.relay import Relay
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.residency import is_outside
from nightshift.proxy.response_head import ResponseHead
from nightshift.proxy.seen.outcome import Outcome

_OWN_FAULT: Final = frozenset((500, 502, 503, 504, 529))
"""What an engine answers when it is the engine that cannot; 501 and 505 are about the request."""
_KNOWS_NOTHING: Final = (RESPONSE_NOT_FOUND.encode(), b"draining")
"""What a peer says that does not know the stored response it was asked for."""


class Placement(Protocol):
    """Who placed the request and wants to know what becomes of it."""

    def now(self) -> float:
        """The clock of the balancer, in seconds."""

    def ended(self, exchange: "Exchange") -> None:
        """The request is answered, to its end."""

    def failed(self, exchange: "Exchange", reason: str) -> None:
        """Its target failed amid the answer, and the client has been shown that."""

    def undelivered(self, exchange: "Exchange", reason: str, *, ours: bool = False) -> None:
        """Its target could not be reached: it needs another. `ours`: for want of something here."""

    def lost(self, exchange: "Exchange", reason: str, *, timed_out: bool = False) -> None:
        """Its target failed, and the client has seen nothing yet: it may go to another."""

    def refused(self, exchange: "Exchange") -> None:
        """Its target answered that it cannot: it may go to another, or gets that answer (`pass_on`)."""

    def declined(self, exchange: "Exchange") -> None:
        """A peer found no place for it: it may go to another, or gets that answer (`pass_on`)."""

    def expired(self, exchange: "Exchange") -> None:
        """Its deadline has passed, which is nobody's fault."""

    def left(self, exchange: "Exchange") -> None:
        """The client left, wherever the request was."""

    def body_dropped(self, size_bytes: int) -> None:
        """So much of a request is not held any more."""

    def violated(self, exchange: "Exchange") -> None:
        """Its answer begins, and comes from a region that may not serve it."""


class Exchange:
    """See the head of the file."""

    __slots__ = (
        "_answer",
        "_client",
        "_crossing",
        "_decision",
        "_delivery",
        "_entry",
        "_identity",
        "_limits",
        "_placement",
        "_pool",
        "_progress_at",
        "_relay",
        "_request",
        "_sent_at",
        "deadline",
        "hop_lines",
        "id",
        "outcome",
        "over",
    )

    def __init__(
        self,
        placed: Request,
        request: HttpRequest,
        answer: Answer,
        client: Client,
        *,
        placement: Placement,
        identity: bytes,
        limits: Limits,
        outcome: Outcome,
        entry: Entry | None,
    ) -> None:
        """`placed` is what the balancer knows of it; `identity` the header lines that every answer has.

        `outcome` is filled as things happen; `entry` is settled in the end, if the request's key has limits.
        """
        self.id = placed.id
        self.over = False
        self.hop_lines = b""
        """More header lines for a peer."""
        self.deadline = inf if placed.deadline is None else placed.deadline
        self._request = request
        self._answer = answer
        self._client = client
        self._placement = placement
        self._identity = identity
        self._limits = limits
        self.outcome = outcome
        self._entry = entry
        self._delivery: Delivery | None = None
        self._relay: Relay | None = None
        self._pool: Pool | None = None
        self._crossing = False
        self._decision: Decision
        self._sent_at = self._progress_at = outcome.arrived

    # What the balancer decides

    def send(self, pool: Pool, decision: Decision, hop_lines: bytes | None = None) -> None:
        """Send the request to a replica, or, with the lines that mark a hop, to a peer."""
        self._abandon()
        self._pool, self._decision = pool, decision
        self._crossing = hop_lines is not None
        self._note_sending(pool.endpoint, decision)
        self._relay = Relay(self, self._answer, self._limits.hold_bytes, self.outcome, self._entry)
        self._delivery = Delivery(pool, self._payload(pool.endpoint, hop_lines or b""), self._relay)
        self._delivery.start()

    def refuse(self, reject: Reject) -> None:
        """Answer with the balancer's refusal."""
        self._abandon()
        error = ApiError(
            reject.status,
            reject.code,
            reject.message,
            retry_after_s=reject.retry_after_s,
            may_retry=reject.may_retry,
        )
        if self._pool is None:
            self.outcome.queued_s = self._placement.now() - self.outcome.arrived
            lines = refused_lines(self.outcome.queued_s, reject.code)
        else:
            lines = self._decision_lines(None)
        self._refuse(error, lines + self._limit_lines())
        self._client.answered(self._answer)

    def pass_on(self) -> None:
        """Give the client the failure that the target answered with."""
        if self._relay is not None:
            self._relay.pass_on()

    def settle(self, now: float) -> None:
        """Charge its key for what the request came to; once, when it is over."""
        if self._entry is not None:
            self._entry.over(now, served=self.outcome.sent_s is not None)
            self._entry = None

    def _note_sending(self, endpoint: Endpoint, decision: Decision) -> None:
        self._sent_at = self._progress_at = now = self._placement.now()
        outcome = self.outcome
        if outcome.sent_s is not None:
            outcome.retries += 1
        outcome.target, outcome.target_region = endpoint.id, endpoint.region
        outcome.hops = int(self._crossing)
        outcome.reason, outcome.matched = decision.reason, decision.matched
        outcome.queued_s, outcome.sent_s = decision.queued_s, now - outcome.arrived

    def _payload(self, endpoint: Endpoint, hop_lines: bytes) -> bytes:
        request = self._request
        lines = request.lines
        if endpoint.authorization:
            others = [line for line in request.headers if line[0] != b"authorization"]
            lines = request_lines(others) + endpoint.authorization
        has_body = request.body or request.method == "POST"
        length = b"content-length: %d\r\n" % len(request.body) if has_body else b""
        return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b%b\r\n%b" % (
            request.method.encode(),
            request.target,
            endpoint.host,
            lines,
            hop_lines,
            length,
            request.body,
        )

    # What becomes of the response; see `relay.Owner`

    def may_be_replaced(self, head: ResponseHead) -> bool:
        """Tell whether the target says that it cannot, and another might: a replica, or a peer."""
        return self._is_declined(head) if self._crossing else head.status in _OWN_FAULT

    def _is_declined(self, head: ResponseHead) -> bool:
        """Tell whether a peer says that it has placed the request nowhere, and that others may."""
        fields = head.fields
        placed = REPLICA in fields or REASON not in fields
        if self._decision.reason in (HELD, SOUGHT):  # who knows the response has the last word on it
            return not placed and fields[REASON] in _KNOWS_NOTHING
        return head.status in (429, 503) and not placed and fields.get(b"x-should-retry") != b"false"

    def begins(self, head: ResponseHead) -> bytes:
        """The client gets this response."""
        self._drop_body()
        if self._client.write_paused:  # by an earlier answer on the same connection
            self.pause()
        outcome = self.outcome
        outcome.status = head.status
        outcome.first_content_s = self._placement.now() - outcome.arrived
        if outcome.regions is not None:
            served_by = head.fields.get(SERVED_BY) if self._crossing else None
            if is_outside(outcome.regions, outcome.target_region, served_by):
                self._placement.violated(self)
        lines = head.lines() + self._identity + self._decision_lines(head)
        return lines if self._entry is None else lines + self._limit_lines()

    def whole(self) -> None:
        """The answer has been sent to its end."""
        self._abandon()
        self._detach()
        self._placement.ended(self)
        self._client.answered(self._answer)

    def wants_another(self) -> None:
        """The target answered that it cannot."""
        self._abandon()
        if not self._crossing:
            self._placement.refused(self)
        elif self._relay is not None and self._relay.replaceable:
            self._placement.declined(self)
        else:  # a stream that failed behind the peer, which has tried what could be tried
            self.pass_on()

    def lost(self, reason: str) -> None:
        """The target failed, and the client has seen nothing: another may answer."""
        self._abandon()
        self._placement.lost(self, reason)

    def broken(self, reason: str) -> None:
        """The target failed amid its answer: all that is left is to say so."""
        self._break_off(upstream_lost(f"{self.outcome.target} went away while it answered: {reason}"))
        self._placement.failed(self, reason)

    def unreachable(self, reason: str, *, ours: bool) -> None:
        """The target could not be reached."""
        self._abandon()
        self._placement.undelivered(self, reason, ours=ours)

    def _decision_lines(self, head: ResponseHead | None) -> bytes:
        if self._crossing:
            return crossed_lines(self._decision, head)
        assert self._pool is not None, "an answer comes from where the request was sent"  # noqa: S101
        return local_lines(self._decision, self._pool.endpoint)

    def _limit_lines(self) -> bytes:
        return b"" if self._entry is None else self._entry.lines(self._placement.now())

    # What the clock says

    def check_time(self, now: float) -> None:
        """Give up what takes too long; to be called every so often while the request is somewhere."""
        relay, limits = self._relay, self._limits
        if self._delivery is None or relay is None:
            return  # it waits in the queue, where the balancer looks after it
        if now >= self.deadline:
            self._expire(deadline_exceeded(now - self.outcome.arrived))
        elif relay.held is not None:
            self._check_waiting(now, relay)
        elif relay.progress or self._client.write_paused:
            relay.progress, self._progress_at = False, now
        elif now - self._progress_at > limits.between_chunks_s:
            self._break_off(upstream_stalled(limits.between_chunks_s))
            self._placement.failed(self, f"silent for {limits.between_chunks_s:g} s")

    def _check_waiting(self, now: float, relay: Relay) -> None:
        limits, waited_s = self._limits, now - self._sent_at
        # Across the hop there is a queue too.
        patience_s = limits.first_byte_s * 2 if self._crossing else limits.first_byte_s
        if waited_s > patience_s:
            self._abandon()
            self._placement.lost(self, f"no content within {patience_s:g} s", timed_out=True)
        elif relay.held and relay.events and waited_s > limits.hold_s:
            relay.begin()

    def _expire(self, error: ApiError) -> None:
        if self._answer.sent:
            self._break_off(error)
            self._placement.expired(self)
            return
        self._abandon()
        self._refuse(error, self._decision_lines(None))
        self._placement.expired(self)
        self._client.answered(self._answer)

    # What the client does; see `client.InProgress`

    def client_gone(self) -> None:
        """The client left: free the place, and have the target stop at once."""
        if self.over:
            return
        has_all = self._relay is not None and self._relay.said_all
        self._abandon()
        self._detach()
        if has_all:
            self._placement.ended(self)
        else:
            self._placement.left(self)

    def pause(self) -> None:
        """The client reads too slowly."""
        if self._delivery is not None:
            self._delivery.pause()

    def resume(self) -> None:
        """The client reads again."""
        if self._delivery is not None:
            self._delivery.resume()

    # How it ends

    def _refuse(self, error: ApiError, lines: bytes) -> None:
        """Answer with an error of our own."""
        self.outcome.status, self.outcome.code = error.status, error.code
        self._answer.error(error, self._identity + lines)
        self._detach()

    def _break_off(self, error: ApiError) -> None:
        """Show the client that there will be no more, and end the connection where the answer stands."""
        self.outcome.code = error.code
        self._abandon()
        if self._relay is not None:
            self._relay.show(error)
        self._detach()
        self._client.cut()

    def _abandon(self) -> None:
        """Want nothing more of where the request is now."""
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            delivery.cancel()

    def _drop_body(self) -> None:
        """The request will not be sent again."""
        body, self._request.body = self._request.body, b""
        if body:
            self._placement.body_dropped(len(body))

    def _detach(self) -> None:
        self.over = True
        self._delivery = self._relay = None  # which refers to this: without it there is no cycle to collect
        self._drop_body()
