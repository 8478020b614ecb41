"""W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context/): what a request says of its trace.

A traceparent that is not well-formed is ignored, together with its tracestate, and a new trace begins (3.2.2,
4.3). A version above 00 is read as 00 if its beginning fits (4). More than one traceparent is none.
"""

import re
from typing import NamedTuple

from nightshift.proxy.fields import HeaderLines

TRACEPARENT = b"traceparent"
TRACESTATE = b"tracestate"

_MAX_STATE_BYTES = 512
"""What a tracestate is passed on up to (3.3.1.5: at least this)."""

_FORM = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_NO_TRACE, _NO_PARENT = b"0" * 32, b"0" * 16
_SAMPLED = 0x01


class Parent(NamedTuple):
    """Who asked us, in whose trace."""

    trace_id: str
    span_id: str
    sampled: bool
    state: str
    """The tracestate, its lines joined; empty if there is none."""


def incoming(headers: HeaderLines) -> Parent | None:
    """Return what a request's header lines say, or None if they say nothing that counts."""
    found = [value for name, value in headers if name == TRACEPARENT]
    if len(found) != 1:
        return None
    form = _FORM.fullmatch(found[0])
    if form is None:
        return None
    version, trace_id, span_id, flags, more = form.groups()
    if version == b"ff" or (version == b"00" and more) or trace_id == _NO_TRACE or span_id == _NO_PARENT:
        return None
    state = b",".join([value for name, value in headers if name == TRACESTATE])
    return Parent(
        trace_id.decode(),
        span_id.decode(),
        bool(int(flags, 16) & _SAMPLED),
        state.decode("latin-1") if len(state) <= _MAX_STATE_BYTES else "",
    )


def outgoing(headers: HeaderLines, traceparent: bytes, state: str) -> HeaderLines:
    """Return the lines with our own traceparent, and the state of the trace if there is one."""
    lines = [line for line in headers if line[0] not in (TRACEPARENT, TRACESTATE)]
    lines.append((TRACEPARENT, traceparent))
    if state:
        lines.append((TRACESTATE, state.encode("latin-1")))
    return lines
