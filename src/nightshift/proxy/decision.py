"""The headers that tell a client where its request went, and why.

On a hand-over the balancer that the client spoke to keeps what only the serving one knows (which replica, in
which region, how much of the prompt it was believed to hold), and adds its own name and both queues' time.
"""

from dataclasses import dataclass
from typing import Final

from nightshift.balancing.messages import Decision
from nightshift.proxy.endpoint import REPLICA, SERVED_BY, Endpoint
from nightshift.proxy.fields import INTERNAL_PREFIX
from nightshift.proxy.response_head import ResponseHead

PEER: Final = INTERNAL_PREFIX + b"peer"
PEER_TOKEN: Final = INTERNAL_PREFIX + b"peer-token"
DEADLINE_MS: Final = INTERNAL_PREFIX + b"deadline-ms"
"""Milliseconds that a request which is handed over has left."""
HASH_KEY: Final = b"x-hash-key"

_MATCHED: Final = INTERNAL_PREFIX + b"matched"
_QUEUED_MS: Final = INTERNAL_PREFIX + b"queued-ms"
REASON: Final = INTERNAL_PREFIX + b"reason"
_FROM_THE_SERVING: Final = (REPLICA, SERVED_BY, _MATCHED)


@dataclass(frozen=True, slots=True)
class Identity:
    """This balancer in headers."""

    name: str
    region: str

    def lines(self) -> bytes:
        """Header lines that every answer has."""
        region, name = self.region.encode(), self.name.encode()
        return b"x-nightshift-region: %b\r\nx-nightshift-balancer: %b\r\n" % (region, name)


def local_lines(decision: Decision, replica: Endpoint) -> bytes:
    """Return the lines of an answer that a replica of this balancer gives."""
    return b"%b%b: %b\r\n%b" % (
        replica.lines,
        _MATCHED,
        _share(decision.matched),
        _own_lines(0, decision.queued_s * 1000, decision.reason),
    )


def crossed_lines(decision: Decision, head: ResponseHead | None) -> bytes:
    """Return the lines of an answer that came, with `head`, from a peer; None if the peer gave none."""
    fields = {} if head is None else head.fields
    kept = [b"%b: %b\r\n" % (name, fields[name]) for name in _FROM_THE_SERVING if name in fields]
    queued_ms = decision.queued_s * 1000 + _number(fields.get(_QUEUED_MS))
    return b"".join(kept) + _own_lines(1, queued_ms, decision.reason)


def refused_lines(queued_s: float, reason: str) -> bytes:
    """Return the lines of an answer to a request that was placed nowhere."""
    return _own_lines(0, queued_s * 1000, reason)


def _own_lines(hops: int, queued_ms: float, reason: str) -> bytes:
    return b"x-nightshift-hops: %d\r\nx-nightshift-queued-ms: %b\r\nx-nightshift-reason: %b\r\n" % (
        hops,
        b"0.0" if 0.0 <= queued_ms < 0.05 else b"%.1f" % queued_ms,
        reason.encode(),
    )


def _share(matched: float) -> bytes:
    """Write a share of a prompt; all of it and none of it are the most frequent, and dear to format."""
    if matched == 1.0:
        return b"1.0000"
    return b"%.4f" % matched if matched else b"0.0000"


def _number(value: bytes | None) -> float:
    """Read what a peer wrote; an error page of something in between is no reason to fail."""
    try:
        return float(value or 0)
    except ValueError:
        return 0.0
