"""One small request of the balancer's own, to a replica or a peer, and its whole answer."""

from collections.abc import Callable
from dataclasses import dataclass

from nightshift.proxy.delivery import Delivery
from nightshift.proxy.pool import Pool
from nightshift.proxy.response_head import ResponseHead

MAX_REPLY_BYTES = 16 * 2**20
"""A metrics page has 100 kB; what is longer than this is not one."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, and the seconds from asking to its last byte."""

    status: int
    body: bytes
    elapsed_s: float


class Call:
    """Ends by one of the two callbacks, or by `cancel`."""

    __slots__ = ("_answered", "_bytes", "_clock", "_delivery", "_failed", "_parts", "_status", "started")

    def __init__(
        self,
        pool: Pool,
        payload: bytes,
        clock: Callable[[], float],
        *,
        answered: Callable[[Reply], None],
        failed: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._answered = answered
        self._failed = failed
        self._status = 0
        self._parts: list[bytes] = []
        self._bytes = 0
        self.started = clock()
        self._delivery = Delivery(pool, payload, self)

    def start(self) -> None:
        """Ask."""
        self._delivery.start()

    def cancel(self) -> None:
        """Give up, without a word to anybody."""
        self._delivery.cancel()

    # See `delivery.Recipient`

    def response_head(self, head: ResponseHead) -> None:
        """The answer begins."""
        self._status = head.status

    def response_body(self, data: bytes) -> None:
        """A piece of the answer."""
        self._bytes += len(data)
        self._parts.append(data)
        if self._bytes > MAX_REPLY_BYTES:
            self._delivery.cancel()
            self._failed(f"an answer of more than {MAX_REPLY_BYTES} bytes")

    def response_chunk(self, block: bytes, start: int) -> None:
        """A piece of the answer, as a chunk."""
        self.response_body(block[start:-2])

    def response_complete(self) -> None:
        """The answer is whole."""
        self._answered(Reply(self._status, b"".join(self._parts), self._clock() - self.started))

    def response_whole(self, head: ResponseHead, data: bytes) -> None:
        """The answer, all of it at once."""
        self.response_head(head)
        self.response_body(data)
        if self._bytes <= MAX_REPLY_BYTES:
            self.response_complete()

    def response_lost(self, reason: str) -> None:
        """No answer, or half of one."""
        self._failed(reason)

    def undelivered(self, reason: str, *, ours: bool = False) -> None:
        """The target could not be reached."""
        self._failed(reason)


def get(pool: Pool, path: str, lines: bytes = b"") -> bytes:
    """Return the bytes of a GET request with more header lines."""
    endpoint = pool.endpoint
    lines = endpoint.authorization + lines
    return b"GET %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (path.encode(), endpoint.host, lines)


def post_json(pool: Pool, path: str, lines: bytes, body: bytes) -> bytes:
    """Return the bytes of a POST request with more header lines."""
    return (
        b"POST %b HTTP/1.1\r\nhost: %b\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
        % (
            path.encode(),
            pool.endpoint.host,
            lines,
            len(body),
            body,
        )
    )
