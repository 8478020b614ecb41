"""One request from its arrival to the last byte of its answer.

An exchange is told where to go by the balancer, relays the response, and tells the balancer when the place
is free again, however it ended. It is over exactly once: by an answer, by a failure that the client gets to
see, because its time is over, or because the client left.

Nothing of a response is sent before it says something (`first_content`): small answers are held until they
are whole, streams until their first content, errors of the target until the balancer has said whether another
target may try. From the first byte on, a failure can only be shown.
"""

from math import inf
from typing import Protocol

from nightshift.balancing.messages import Decision, Reject, Request
from nightshift.proxy.access.gate import Entry
from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client
from nightshift.proxy.decision import REASON, REPLICA, crossed_lines, local_lines, refused_lines
from nightshift.proxy.delivery import Delivery
from nightshift.proxy.errors import ApiError, deadline_exceeded, upstream_lost, upstream_stalled
from nightshift.proxy.fields import request_lines, response_lines
from nightshift.proxy.first_content import Said, StreamStart
from nightshift.proxy.limits import Limits
from nightshift.proxy.pool import Endpoint, Pool
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.seen.outcome import Outcome
from nightshift.proxy.upstream import ResponseHead

_EVENT_STREAM = b"text/event-stream"
_LAST_EVENT = b"data: [DONE]"
_OWN_FAULT = frozenset((500, 502, 503, 504, 529))
"""What an engine answers when it is the engine that cannot; 501 and 505 are about the request."""


class Placement(Protocol):
    """Who placed the request and wants to know what becomes of it."""

    def now(self) -> float:
        """The clock of the balancer, in seconds."""

    def ended(self, exchange: "Exchange") -> None:
        """The request is answered, to its end."""

    def failed(self, exchange: "Exchange", reason: str) -> None:
        """Its target failed amid the answer, and the client has been shown that."""

    def undelivered(self, exchange: "Exchange", reason: str) -> None:
        """Its target could not be reached: it needs another."""

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


class Exchange:
    """See the head of the file."""

    __slots__ = (
        "_answer",
        "_client",
        "_crossing",
        "_decision",
        "_delivery",
        "_entry",
        "_events",
        "_head",
        "_held",
        "_hold_bytes",
        "_identity",
        "_last",
        "_limits",
        "_may_ask",
        "_placement",
        "_pool",
        "_progress",
        "_progress_at",
        "_request",
        "_sent_at",
        "_start",
        "deadline",
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
        self._pool: Pool | None = None
        self._crossing = False
        self._decision = Decision("unplaced", 0.0)
        self._last = b""
        """The last block of the answer's body."""
        self._progress = False
        """Whether a block came since the last look at the clock, which was at `_progress_at`."""
        self._forget_response()

    def _forget_response(self) -> None:
        self._head: ResponseHead | None = None
        self._held: bytes | None = b""
        """What came of the body and was not sent; None once the answer has begun."""
        self._start: StreamStart | None = None
        self._events = False
        """Whether the answer is a stream of server-sent events that an error event fits into."""
        self._may_ask = False
        """Whether the response is a failure that another target might not have."""
        self._hold_bytes = 0

    # What the balancer decides

    def send(self, pool: Pool, decision: Decision, hop_lines: bytes | None = None) -> None:
        """Send the request to a replica, or, with the lines that mark a hop, to a peer."""
        self._abandon()
        self._forget_response()
        self._pool, self._decision = pool, decision
        self._crossing = hop_lines is not None
        self._sent_at = self._progress_at = now = self._placement.now()
        outcome, endpoint = self.outcome, pool.endpoint
        if outcome.sent_s is not None:
            outcome.retries += 1
        outcome.target, outcome.target_region, outcome.hops = (
            endpoint.id,
            endpoint.region,
            int(self._crossing),
        )
        outcome.reason, outcome.matched = decision.reason, decision.matched
        outcome.queued_s, outcome.sent_s = decision.queued_s, now - outcome.arrived
        payload = self._payload(endpoint, hop_lines or b"")
        self._delivery = Delivery(pool, payload, self)
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
        outcome = self.outcome
        outcome.status, outcome.code = error.status, error.code
        if self._pool is None:
            outcome.queued_s = self._placement.now() - outcome.arrived
            lines = refused_lines(outcome.queued_s, reject.code)
        else:
            lines = self._decision_lines(None)
        self._answer.error(error, self._identity + lines + self._limit_lines())
        self._detach()
        self._client.answered(self._answer)

    def pass_on(self) -> None:
        """Give the client the failure that the target answered with."""
        self._begin()
        self._finish()

    def settle(self, now: float) -> None:
        """Charge its key for what the request came to; once, when it is over."""
        if self._entry is not None:
            self._entry.over(now, served=self.outcome.sent_s is not None)
            self._entry = None

    def _limit_lines(self) -> bytes:
        return b"" if self._entry is None else self._entry.lines(self._placement.now())

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

    # What the delivery tells; see `delivery.Recipient`

    def response_head(self, head: ResponseHead) -> None:
        """The response begins."""
        self._head = head
        fields = head.fields
        is_stream = fields.get(b"content-type", b"").startswith(_EVENT_STREAM)
        self._events = is_stream and fields.get(b"content-encoding", b"identity") == b"identity"
        self._may_ask = self._is_declined(head) if self._crossing else head.status in _OWN_FAULT
        if self._events and not self._may_ask:
            self._start = StreamStart()
        most = self._limits.hold_bytes
        small = head.length is not None and int(head.length) <= most
        self._hold_bytes = most if self._may_ask or self._events or (small and not is_stream) else 0

    def response_body(self, data: bytes) -> None:
        """Relay a block, or hold it."""
        held = self._held
        if held is None:
            self._relay(data)
            return
        self._held = held + data
        said = Said.NOTHING if self._start is None else self._start.feed(data)
        if said is Said.FAILURE:
            self._abandon()  # what follows an error event is nothing
            self._may_ask = not self._crossing
            self.response_complete()
        elif said is Said.CONTENT or (len(self._held) > self._hold_bytes and not self._may_ask):
            self._begin()
        elif len(self._held) > self._hold_bytes:
            self._abandon()
            self.response_lost(f"an error of more than {self._hold_bytes} bytes")

    def _relay(self, data: bytes) -> None:
        self._last = data
        self._progress = True
        self.outcome.response_bytes += len(data)
        if self._entry is not None and self._entry.meters:
            self._entry.block(data)
        self._answer.body(data)

    def response_complete(self) -> None:
        """The response is whole."""
        self._delivery = None
        if self._may_ask:
            self._may_ask = False
            if self._crossing:
                self._placement.declined(self)
            else:
                self._placement.refused(self)
            return
        if self._held is not None:
            self._begin()
        self._finish()

    def response_lost(self, reason: str) -> None:
        """The target failed: another may answer, unless the client has seen a part; then say so."""
        self._delivery = None
        if self._held is not None:
            self._placement.lost(self, reason)
        else:
            target = self._pool.endpoint.id if self._pool is not None else "the target"
            self._break_off(upstream_lost(f"{target} went away while it answered: {reason}"))
            self._placement.failed(self, reason)

    def undelivered(self, reason: str) -> None:
        """The target could not be reached."""
        self._delivery = None
        self._placement.undelivered(self, reason)

    def _is_declined(self, head: ResponseHead) -> bool:
        """Tell whether a peer says that it has placed the request nowhere, and that others may."""
        fields = head.fields
        placed = REPLICA in fields or REASON not in fields
        return head.status in (429, 503) and not placed and fields.get(b"x-should-retry") != b"false"

    def _begin(self) -> None:
        """Send what is there: from here on nothing can be taken back."""
        head, held = self._head, self._held
        assert head is not None, "an answer begins with the head of a response"  # noqa: S101 - for the type
        self._held = self._start = None
        self._drop_body()
        if self._client.write_paused:  # by an earlier answer on the same connection
            self.pause()
        lines = response_lines(head.headers) + self._identity + self._decision_lines(head)
        if self._entry is not None:
            lines += self._limit_lines()
        outcome = self.outcome
        outcome.status = head.status
        outcome.first_content_s = self._placement.now() - outcome.arrived
        length = None if self._events else head.length
        self._answer.head(head.status, head.reason, lines, length)
        if held:
            self._relay(held)

    def _decision_lines(self, head: ResponseHead | None) -> bytes:
        if self._crossing:
            return crossed_lines(self._decision, head)
        assert self._pool is not None, "an answer comes from where the request was sent"  # noqa: S101
        return local_lines(self._decision, self._pool.endpoint)

    # What the clock says

    def check_time(self, now: float) -> None:
        """Give up what takes too long; to be called every so often while the request is somewhere."""
        delivery = self._delivery
        if delivery is None:
            return  # it waits in the queue, where the balancer looks after it
        limits = self._limits
        if now >= self.deadline:
            self._expire(deadline_exceeded(now - self.outcome.arrived))
        elif self._held is not None:
            # Across the hop there is a queue too.
            patience_s = limits.first_byte_s * 2 if self._crossing else limits.first_byte_s
            if now - self._sent_at > patience_s:
                self._abandon()
                self._placement.lost(self, f"no content within {patience_s:g} s", timed_out=True)
            elif self._held and self._events and now - self._sent_at > limits.hold_s:
                self._begin()
        elif self._progress or self._client.write_paused:
            self._progress, self._progress_at = False, now
        elif now - self._progress_at > limits.between_chunks_s:
            self._abandon()
            self._break_off(upstream_stalled(limits.between_chunks_s))
            self._placement.failed(self, f"silent for {limits.between_chunks_s:g} s")

    def _expire(self, error: ApiError) -> None:
        self._abandon()
        if self._answer.sent:
            self._break_off(error)
            self._placement.expired(self)
        else:
            self.outcome.status, self.outcome.code = error.status, error.code
            self._answer.error(error, self._identity + self._decision_lines(None))
            self._detach()
            self._placement.expired(self)
            self._client.answered(self._answer)

    # What the client does; see `client.InProgress`

    def client_gone(self) -> None:
        """The client left: free the place, and have the target stop at once."""
        if self.over:
            return
        self._abandon()
        self._detach()
        if self._events and self._last.rstrip().endswith(_LAST_EVENT):
            self._placement.ended(self)  # official clients read no further than this
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

    def _finish(self) -> None:
        """The answer is whole."""
        self._answer.end()
        self._detach()
        self._placement.ended(self)
        self._client.answered(self._answer)

    def _break_off(self, error: ApiError) -> None:
        """Show the client that there will be no more, in a stream with an event that says why."""
        self.outcome.code = error.code
        if self._events:
            # End the event that was cut off, if one was.
            separator = b"" if self._last.endswith((b"\n\n", b"\r\n\r\n")) else b"\n\n"
            self._answer.body(separator + b"data: " + error.body() + b"\n\n")
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
        self._delivery = None
        self._drop_body()
