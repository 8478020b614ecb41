"""One chunk of HTTP/1.1 that came by itself: nothing is left to parse, and it can go on as it came.

Engines write a token as one chunk, and nearly always it arrives alone. Between two chunks the parser waits
for a size, so a block that is exactly one chunk may pass by it. If it is framed in the way in which
`answer.Answer` would frame it, its bytes are also those to be sent. Anything framed differently in the least
(upper case, leading zeros, extensions) or cut differently is the parser's.
"""

from typing import Final

_END: Final = b"\r\n"
_SIZE_LINES: Final = [b"%x\r\n" % size for size in range(0x1000)]
"""The one spelling of each size that is looked for: up to three digits, so up to 4,095 bytes."""


def start_of_body(block: bytes) -> int:
    """Return where the body begins if the block is one whole chunk and not the last one; else 0.

    The body then ends two bytes before the block does.
    """
    whole = len(block)
    # A line of one digit and the two line ends take five bytes, of two digits six, of three seven.
    start = 3 if whole <= 0xF + 5 else 4 if whole <= 0xFF + 6 else 5
    size = whole - start - 2
    if size < 1 or size > 0xFFF:
        return 0
    return start if block[:start] == _SIZE_LINES[size] and block[whole - 2 :] == _END else 0
