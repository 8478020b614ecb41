"""What is known of one request when it is over.

The exchange fills it as the request goes along and gives it away once, at the end. It holds no prompt, no key
and no query string: what is not in here cannot leak from a log, a metric or a trace.

Instants are on the balancer's clock, in seconds; all other times are spans of it.
"""

from dataclasses import dataclass
from typing import Final, Literal

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


class Span:
    """What a trace keeps of a request until it is over; see `traces.RequestSpan`."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Outcome:
    """See the head of the file. `ended` and `duration_s` are set last."""

    id: str
    method: str
    path: str
    """Without the query string."""
    arrived: float
    ended: Ending = COMPLETED
    status: int = 0
    """The HTTP status that the client got; 0 if it got none."""
    code: str = ""
    """The balancer's own error code, if it refused or the answer was cut off."""
    duration_s: float = 0.0
    model: str = ""
    tenant: str = ""
    """The id of the API key, never the key."""
    client: str = ""
    """The address that the connection came from."""
    stream: bool = False
    from_peer: str = ""
    """The balancer that handed the request over, if one did."""
    target: str = ""
    """Where it was sent last; empty if nowhere."""
    target_region: str = ""
    hops: int = 0
    reason: str = ""
    matched: float = 0.0
    queued_s: float = 0.0
    """In this balancer's queue, up to the last placement or to the refusal."""
    sent_s: float | None = None
    """From arrival until it was sent to its last target."""
    first_content_s: float | None = None
    """From arrival to the first content of the answer: the TTFT as this balancer sees it."""
    retries: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    prompt_bytes: int = 0
    trace_id: str = ""
    span: Span | None = None
