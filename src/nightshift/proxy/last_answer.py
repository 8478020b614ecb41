"""The last whole answer that came over a connection: one whose head is like its need not be parsed.

Only what is plain is remembered: in one piece, its length told, neither a failure nor a stream of events. So
whoever gets another one of it has nothing to hold back (`relay.py`). Where heads are never alike (an id in
each answer), hardly any is remembered, because that costs a tenth of a request.
"""

from typing import Final

from nightshift.proxy.repeated import RepeatedHead
from nightshift.proxy.response_head import EVENT_STREAM, ResponseHead

_FEW: Final = 16
"""So many answers in a row may be unlike the one before; then only one in as many is remembered."""


class LastAnswer:
    """See the head of the file. `head` is that of the last answer, or of the one that is like it."""

    __slots__ = ("_like", "_most_bytes", "_unlike", "head")

    def __init__(self, most_bytes: int) -> None:
        """Heads of more than `most_bytes` are like none."""
        self._most_bytes = most_bytes
        self._like: RepeatedHead | None = None
        self._unlike = 0
        self.head: ResponseHead | None = None

    def body_of(self, data: bytes) -> int:
        """Return where the body begins if `data` is a whole answer like the last one, else -1."""
        like, head = self._like, self.head
        if like is None or head is None:
            return -1
        at, length = like.match(data, 0)
        if at < 0 or at + length != len(data):
            return -1
        self._unlike = 0
        self.head = head.with_length(like.digits)
        return at

    def note(self, data: bytes, head: ResponseHead | None) -> None:
        """An answer with this head was read, if it had one; `data` began with its first byte."""
        self._unlike += 1
        if head is not None and (self._unlike < _FEW or self._unlike % _FEW == 0):
            self._remember(data, head)

    def _remember(self, data: bytes, head: ResponseHead) -> None:
        if head.length is None or head.length == b"0" or head.status >= 400:
            return
        if head.fields.get(b"content-type", b"").startswith(EVENT_STREAM):
            return
        at = data.find(b"\r\n\r\n") + 4
        like = RepeatedHead(data[:at], has_length=True, most_bytes=self._most_bytes)
        if like.digits == head.length and at + int(head.length) == len(data):
            headers = [line for line in head.headers if line[0] != b"content-length"]
            self.head = ResponseHead(head.status, head.reason, headers, head.fields, head.length)
            self._like = like
