"""Two fuzz targets, for any bytes in any pieces.

Requests: each input is either refused with an `ApiError` or read as requests, in one piece and cut
anywhere, with the same result; nothing else is raised. Responses: an upstream connection either completes,
or breaks, or waits for more; nothing is raised, and it never tells of more than one answer.

`make fuzz` runs them with atheris, which follows the branches of our code, each for FUZZ_S seconds;
`tests/fuzz/test_parsers.py` runs them on their seeds every day.
"""

from dataclasses import dataclass, field
from typing import Any

from nightshift.proxy.errors import ApiError
from nightshift.proxy.limits import Limits
from nightshift.proxy.request import HttpRequest, RequestReader
from nightshift.proxy.response_head import ResponseHead
from nightshift.proxy.upstream import Upstream

LIMITS = Limits(header_bytes=2000, body_bytes=5000)
_CUTS = 8


@dataclass
class Read:
    """What became of the bytes."""

    requests: list[tuple[str, bytes, bytes, bool]] = field(default_factory=list)
    status: int = 0

    def take(self, request: HttpRequest) -> None:
        """Keep what a request says."""
        self.requests.append((request.method, request.target, request.body, request.keep_alive))


def read_requests(pieces: list[bytes]) -> Read:
    """Feed the pieces to a reader."""
    read = Read()
    reader = RequestReader(LIMITS)
    try:
        for piece in pieces:
            reader.feed(piece)
            while (request := reader.next()) is not None:
                read.take(request)
    except ApiError as error:
        read.status = error.status
    return read


def cut(data: bytes) -> list[bytes]:
    """Cut the data into pieces, at places that the data itself decide."""
    seed = sum(data) + len(data)
    places = sorted({(seed * (n + 7919)) % (len(data) + 1) for n in range(_CUTS)})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def fuzz_requests(data: bytes) -> None:
    """See the head of the file."""
    whole = read_requests([data])
    ways = [cut(data)]
    if len(data) <= 300:
        ways.append([data[n : n + 1] for n in range(len(data))])
    for pieces in ways:
        again = read_requests(pieces)
        assert again.requests == whole.requests, (again, whole, data)
        assert bool(again.status) == bool(whole.status), (again, whole, data)


class _Wire:
    """A transport that goes nowhere."""

    closed = False

    def abort(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def write(self, data: bytes) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closed


class _Ends:
    """A delivery, and the pool, that count."""

    head_only = False

    def __init__(self) -> None:
        self.heads = 0
        self.ends: list[str] = []

    def connected(self, connection: Upstream) -> None:
        connection.send(self, b"")

    def head(self, head: ResponseHead) -> None:
        assert not self.ends, "a head after the end"
        assert 200 <= head.status <= 599, head
        assert b"\n" not in head.reason + b"".join(n + v for n, v in head.headers)
        self.heads += 1

    def body(self, data: bytes) -> None:
        assert not self.ends, ("a body after the end", self.ends, data)
        assert self.heads == 1, ("a body without a head", data)

    def chunk(self, block: bytes, start: int) -> None:
        assert start > 0, block
        self.body(block[start:-2])

    def complete(self) -> None:
        self.ends.append("complete")

    def whole(self, head: ResponseHead, data: bytes) -> None:
        self.head(head)
        self.body(data)
        self.complete()

    def lost(self, reason: str, *, anything_received: bool) -> None:
        self.ends.append("lost")

    def release(self, connection: Upstream) -> None:
        pass

    def forget(self, connection: Upstream) -> None:
        pass


def fuzz_response(data: bytes) -> None:
    """See the head of the file."""
    results = []
    for pieces in ([data], cut(data)):
        ends = _Ends()
        upstream = Upstream(ends, ends, LIMITS)
        wire: Any = _Wire()
        upstream.connection_made(wire)
        for piece in pieces:
            if piece and not wire.closed:
                upstream.data_received(piece)
        upstream.connection_lost(None)
        assert ends.heads <= 1
        assert len(ends.ends) == 1, (ends.ends, data)
        results.append(ends.ends)
    # What comes behind the end may make the connection unusable, but never another answer of this one.
    assert results[0] == results[1], (results, data)
