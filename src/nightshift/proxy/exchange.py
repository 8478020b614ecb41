"""One request from its arrival to the last byte of its answer.

An exchange is told where to go by the balancer, relays the response, and tells the balancer when the place
is free again, however it ended. It is over exactly once: by an answer, by a failure that the client gets to
see, or because the client left.
"""

from typing import Protocol

from nightshift.balancing.messages import Decision, Reject
from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client
from nightshift.proxy.decision import crossed_lines, local_lines, refused_lines
from nightshift.proxy.delivery import Delivery
from nightshift.proxy.errors import ApiError, upstream_lost
from nightshift.proxy.fields import request_lines, response_lines
from nightshift.proxy.pool import Pool
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.upstream import ResponseHead

_EVENT_STREAM = b"text/event-stream"
_LAST_EVENT = b"data: [DONE]"


class Placement(Protocol):
    """Who placed the request and wants to know what becomes of it."""

    def now(self) -> float:
        """The clock of the balancer, in seconds."""

    def ended(self, exchange: "Exchange", *, failed: bool) -> None:
        """The request is over, well or badly, and its place free."""

    def undelivered(self, exchange: "Exchange", reason: str) -> None:
        """Its target could not be reached: it needs another."""

    def lost(self, exchange: "Exchange", reason: str) -> None:
        """Its target failed, and the client has seen nothing yet: it may go to another."""

    def left(self, exchange: "Exchange") -> None:
        """The client left, wherever the request was."""


class Exchange:
    """See the head of the file."""

    __slots__ = (
        "_answer",
        "_arrived",
        "_client",
        "_crossing",
        "_decision",
        "_delivery",
        "_events",
        "_identity",
        "_last",
        "_placement",
        "_pool",
        "_request",
        "id",
        "over",
    )

    def __init__(
        self,
        id_: str,
        request: HttpRequest,
        answer: Answer,
        client: Client,
        *,
        placement: Placement,
        identity: bytes,
    ) -> None:
        """`identity` is the header lines that every answer of this balancer has."""
        self.id = id_
        self.over = False
        self._request = request
        self._answer = answer
        self._client = client
        self._placement = placement
        self._identity = identity
        self._arrived = placement.now()
        self._delivery: Delivery | None = None
        self._pool: Pool | None = None
        self._crossing = False
        self._decision = Decision("unplaced", 0.0)
        self._events = False
        """Whether the answer is a stream of server-sent events that an error event fits into."""
        self._last = b""
        """The last block of the answer's body."""

    # What the balancer decides

    def send(self, pool: Pool, decision: Decision, hop_lines: bytes | None = None) -> None:
        """Send the request to a replica, or, with the lines that mark a hop, to a peer."""
        self._pool, self._decision = pool, decision
        self._crossing = hop_lines is not None
        head_only = self._request.method == "HEAD"
        payload = self._payload(pool.endpoint.host, hop_lines or b"")
        self._delivery = Delivery(pool, payload, self, head_only=head_only)
        self._delivery.start()

    def refuse(self, reject: Reject) -> None:
        """Answer with the balancer's refusal."""
        error = ApiError(
            reject.status,
            reject.code,
            reject.message,
            retry_after_s=reject.retry_after_s,
            may_retry=reject.may_retry,
        )
        queued_s = self._placement.now() - self._arrived
        lines = refused_lines(queued_s, reject.code) if self._pool is None else self._decision_lines(None)
        self._answer.error(error, self._identity + lines)
        self._hand_back()

    def _payload(self, host: bytes, hop_lines: bytes) -> bytes:
        request = self._request
        has_body = request.body or request.method == "POST"
        length = b"content-length: %d\r\n" % len(request.body) if has_body else b""
        return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b%b\r\n%b" % (
            request.method.encode(),
            request.target,
            host,
            request_lines(request.headers),
            hop_lines,
            length,
            request.body,
        )

    # What the delivery tells; see `delivery.Recipient`

    def response_head(self, head: ResponseHead) -> None:
        """The response begins."""
        if self._client.write_paused:  # by an earlier answer on the same connection
            self.pause()
        content_type = head.fields.get(b"content-type", b"")
        is_stream = content_type.startswith(_EVENT_STREAM)
        self._events = is_stream and head.fields.get(b"content-encoding", b"identity") == b"identity"
        lines = response_lines(head.headers)
        decided = self._decision_lines(head)
        length = None if is_stream else head.length
        self._answer.head(head.status, head.reason, lines + self._identity + decided, length)

    def response_body(self, data: bytes) -> None:
        """Relay a block."""
        if not self._answer.sent:
            self._request.body = b""  # from here on it will not be sent again
        self._last = data
        self._answer.body(data)

    def response_complete(self) -> None:
        """The answer is whole."""
        self._answer.end()
        self._finish(failed=False)

    def response_lost(self, reason: str) -> None:
        """The target failed: another may answer, unless the client has seen a part; then say so."""
        if not self._answer.sent:
            self._delivery = None
            self._placement.lost(self, reason)
            return
        if self._events:
            target = self._pool.endpoint.id if self._pool is not None else "the target"
            self._error_event(upstream_lost(f"{target} went away while it answered: {reason}"))
        self._end(failed=True)
        self._client.cut()

    def undelivered(self, reason: str) -> None:
        """The target could not be reached."""
        self._delivery = None
        self._placement.undelivered(self, reason)

    def _error_event(self, error: ApiError) -> None:
        """End the event that was cut off, if one was, and send the error as one of its own."""
        separator = b"" if self._last.endswith((b"\n\n", b"\r\n\r\n")) else b"\n\n"
        self._answer.body(separator + b"data: " + error.body() + b"\n\n")

    def _decision_lines(self, head: ResponseHead | None) -> bytes:
        if self._crossing:
            return crossed_lines(self._decision, head)
        assert self._pool is not None, "an answer comes from where the request was sent"  # noqa: S101
        return local_lines(self._decision, self._pool.endpoint)

    # What the client does; see `client.InProgress`

    def client_gone(self) -> None:
        """The client left: free the place, and have the target stop at once."""
        if self.over:
            return
        delivery = self._delivery
        self._detach()
        if delivery is not None:
            delivery.cancel()
        if self._events and self._last.rstrip().endswith(_LAST_EVENT):
            self._placement.ended(self, failed=False)  # official clients read no further than this
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

    def _finish(self, *, failed: bool) -> None:
        self._end(failed=failed)
        self._client.answered(self._answer)

    def _end(self, *, failed: bool) -> None:
        self._detach()
        self._placement.ended(self, failed=failed)

    def _hand_back(self) -> None:
        """The balancer has let go of the request already; only the client is left."""
        self._detach()
        self._client.answered(self._answer)

    def _detach(self) -> None:
        self.over = True
        self._delivery = None
