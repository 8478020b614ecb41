"""Which requests are recorded: decided by the trace's id, before anything is spent on a span.

A trace is recorded if the low 64 bits of its id are below a bound, as OpenTelemetry's TraceIdRatioBased does
it, so that all balancers of a service choose the same traces. A caller's "not sampled" is obeyed; its
"sampled" only when callers are trusted: on a public address anybody could have every request recorded.
"""

from random import Random
from typing import NamedTuple

from nightshift.proxy.seen.trace_context import Parent

_LOW = 2**64 - 1


class Chosen(NamedTuple):
    """The trace that a request belongs to, and whether it is recorded."""

    trace_id: int
    sampled: bool


class Sampling:
    """See the head of the file."""

    def __init__(self, ratio: float, *, trust_callers: bool, rng: Random) -> None:
        self._bound = round(ratio * 2**64)
        self._trust_callers = trust_callers
        self._rng = rng

    def choose(self, parent: Parent | None) -> Chosen:
        """Return the caller's trace, or a new one."""
        if parent is None:
            trace_id = self._rng.getrandbits(128) or 1  # an id of zeros is none
            return Chosen(trace_id, (trace_id & _LOW) < self._bound)
        trace_id = int(parent.trace_id, 16)
        trusted = self._trust_callers or (trace_id & _LOW) < self._bound
        return Chosen(trace_id, parent.sampled and trusted)

    def span_id(self) -> int:
        """Return an id for a span."""
        return self._rng.getrandbits(64) or 1
