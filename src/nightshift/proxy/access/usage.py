"""How many tokens an answer came to, read off its last bytes.

Engines end an answer with a `usage` object, or send one in the last event of a stream (when the client asked
for it). Only the last blocks are kept, and searched once, when the answer is over: no event is parsed on its
way. An answer that ends without one counts one token for each event that passed, which is what engines put
into an event unless they speculate.

A raw `"usage":{` cannot come from the words of a model: inside a JSON string its quotes would be escaped. It
may come from what a client wrote and the engine repeats (a tool's schema in the Responses API), so the last
one that has token counts is taken, and never less than the events that were counted.
"""

import re
from collections import deque
from collections.abc import Mapping

import orjson

TAIL_BYTES = 8_192
"""Bytes of the end that are searched: usage, and what engines put behind it (timings, metadata, `[DONE]`)."""

_NAME = b'"usage"'
_OBJECT = re.compile(rb'"usage"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})')
"""With details, which are objects in it, and nothing deeper."""
_PARTS = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))
_MOST = 10**9
"""Tokens that no answer has: a count above is not believed."""
_TRIES = 8
"""Objects that are looked at, from the last: a tail full of beginnings shall cost nothing."""


class UsageMeter:
    """Watches the blocks of one answer. Keeps `TAIL_BYTES` and one block of a stream, at most."""

    __slots__ = ("_kept", "_tail", "events")

    def __init__(self) -> None:
        self._tail: deque[bytes] = deque()
        self._kept = 0
        self.events = 0

    def block(self, data: bytes) -> None:
        """Take note of a block of the answer's body, as it came."""
        # A line break inside a JSON string is escaped, so this is the field name of an event, never text.
        self.events += data.count(b"\ndata:") + data.startswith(b"data:")
        if len(data) > TAIL_BYTES:
            data = data[-TAIL_BYTES:]
        tail = self._tail
        tail.append(data)
        self._kept += len(data)
        while self._kept - len(tail[0]) >= TAIL_BYTES:
            self._kept -= len(tail.popleft())

    def tokens(self, prompt_estimate: int) -> int:
        """Return what the whole exchange came to: as reported, else the estimate and the events."""
        reported = reported_tokens(b"".join(self._tail))
        return prompt_estimate + self.events if reported is None else max(reported, self.events)


def reported_tokens(tail: bytes) -> int | None:
    """Return the tokens, of prompt and answer, in the last usage object of `tail`; None if there is none."""
    position = len(tail)
    for _ in range(_TRIES):
        position = tail.rfind(_NAME, 0, position)
        if position < 0:
            return None
        found = _OBJECT.match(tail, position)
        total = None if found is None else _total_in(found[1])
        if total is not None:
            return total
    return None


def _total_in(raw: bytes) -> int | None:
    try:
        return _total(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return None


def _total(usage: Mapping[str, object]) -> int | None:
    total = _count(usage.get("total_tokens"))
    if total is not None:
        return total
    for names in _PARTS:
        counts = [_count(usage.get(name)) for name in names]
        known = [count for count in counts if count is not None]
        if known:
            return sum(known)
    return None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST else None
