"""What is known of one request when it is over.

The exchange fills it as the request goes along and gives it away once, at the end. It holds no prompt, no key
and no query string: what is not in here cannot leak from a log, a metric or a trace.

Instants are on the balancer's clock, in seconds; all other times are spans of it.
"""

from typing import Final, Literal

from nightshift.proxy.seen.span import Span

Ending = Literal["completed", "refused", "declined", "failed", "expired", "client_gone"]

# Plain strings and no Enum: an Enum's hash is a Python function, and these are keys on the hot path.
COMPLETED: Final = "completed"
"""Answered to the end, with whatever status the target gave."""
REFUSED: Final = "refused"
"""Answered with an error of this balancer; `code` says which."""
DECLINED: Final = "declined"
"""A request that a peer handed over and that was not placed here; the peer places it again."""
FAILED: Final = "failed"
"""Cut off by its target amid the answer: the client had seen a part of it."""
EXPIRED: Final = "expired"
"""Its deadline passed: cut off, or answered with 504."""
CLIENT_GONE: Final = "client_gone"
"""The client left before the end."""

ENDINGS: Final[tuple[Ending, ...]] = (COMPLETED, REFUSED, DECLINED, FAILED, EXPIRED, CLIENT_GONE)


class Outcome:
    """See the head of the file. `ended` and `duration_s` are set last."""

    __slots__ = (
        *("arrived", "client", "code", "duration_s", "ended", "first_content_s", "from_peer", "hops", "id"),
        *("matched", "method", "model", "path", "prompt_bytes", "queued_s", "reason", "regions"),
        *("request_bytes", "response_bytes", "retries", "sent_s", "span", "status", "stream", "target"),
        *("target_region", "tenant", "trace_id"),
    )

    def __init__(self, id: str, method: str, path: str, arrived: float) -> None:  # noqa: A002
        """`path` is without the query string."""
        self.id = id
        self.method = method
        self.path = path
        self.arrived = arrived
        self.ended: Ending = COMPLETED
        self.status = 0
        """The HTTP status that the client got; 0 if it got none."""
        self.code = ""
        """The balancer's own error code, if it refused or the answer was cut off."""
        self.duration_s = 0.0
        self.model = ""
        self.tenant = ""
        """The id of the API key, never the key."""
        self.regions: frozenset[str] | None = None
        """The only regions that may serve it; None: any may."""
        self.client = ""
        """The address that the connection came from."""
        self.stream = False
        self.from_peer = ""
        """The balancer that handed the request over, if one did."""
        self.target = ""
        """Where it was sent last; empty if nowhere."""
        self.target_region = ""
        self.hops = 0
        self.reason = ""
        self.matched = 0.0
        self.queued_s = 0.0
        """In this balancer's queue, up to the last placement or to the refusal."""
        self.sent_s: float | None = None
        """From arrival until it was sent to its last target."""
        self.first_content_s: float | None = None
        """From arrival to the first content of the answer: the TTFT as this balancer sees it."""
        self.retries = 0
        self.request_bytes = 0
        self.response_bytes = 0
        self.prompt_bytes = 0
        self.trace_id = ""
        self.span: Span | None = None
