"""A head that was judged, and heads that differ from it in the digits of Content-Length at most.

Clients and engines write the same head again and again, but for those digits (an engine that dates its
answers: for a second). Such a head is not judged again. That is sound: the bytes around the digits are those
that were judged, the digits are checked anew, and no rule joins them with anything but "is there a body",
which must not change either. What does not fit goes the long way, whatever it is.
"""

from typing import Final

from nightshift.proxy import grammar
from nightshift.proxy.head import MAX_LENGTH_DIGITS

_ZERO: Final = 0x30
_ANY_LENGTH: Final = 10**MAX_LENGTH_DIGITS


class RepeatedHead:
    """See the head of the file. One for each connection and direction."""

    __slots__ = ("_after", "_before", "_before_bytes", "_length", "_most_body_bytes", "_most_bytes", "digits")

    def __init__(
        self, raw: bytes, *, has_length: bool, most_bytes: int, most_body_bytes: int = _ANY_LENGTH
    ) -> None:
        """`raw` is the judged head, up to its empty line. `has_length`: it tells a length above 0.

        A head of more than `most_bytes`, without its empty line, is another; so is one of a larger body.
        """
        self._most_bytes = most_bytes
        self._most_body_bytes = most_body_bytes
        # To find the line first costs a tenth of letting the expression, which ignores case, look for it.
        at = raw.lower().find(b"\r\ncontent-length:") if has_length else -1
        line = grammar.CONTENT_LENGTH_LINE.match(raw, at) if at >= 0 else None
        self._before = raw
        self._after = self.digits = b""
        """The digits of the last length, as they came."""
        self._length = 0
        if line is not None:
            start, end = line.span(1)
            self._before, self.digits, self._after = raw[:start], raw[start:end], raw[end:]
            self._length = int(self.digits)
        self._before_bytes = len(self._before)

    def match(self, data: bytes, at: int) -> tuple[int, int]:
        """Return where the head ends that begins at `at`, and the length of its body; -1, 0 if it is another.

        Slices and no `startswith` or `find`: the compiled build makes them without parsing arguments.
        """
        digits_at = at + self._before_bytes
        if data[at:digits_at] != self._before:
            return -1, 0
        after = self._after
        if not after:
            return digits_at, 0
        end = digits_at + len(self.digits)  # as many as the last time, mostly
        if data[end : end + len(after)] != after:
            end = data.find(b"\r", digits_at, digits_at + MAX_LENGTH_DIGITS + 1)
            if end < 0 or data[end : end + len(after)] != after:
                return -1, 0
        digits = data[digits_at:end]
        if digits != self.digits:
            if not digits.isdigit() or digits[0] == _ZERO:
                return -1, 0
            self.digits, self._length = digits, int(digits)
        end += len(after)
        if end - 2 - at > self._most_bytes or self._length > self._most_body_bytes:
            return -1, 0
        return end, self._length
