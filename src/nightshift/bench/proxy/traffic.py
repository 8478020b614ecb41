"""The bytes of a cell: requests, and the answers of the stub engine. Pure.

Every streamed chunk carries the moment at which the engine wrote it (`t=<ns>;` in its text, on the clock that
all processes of a machine share), so that the client can tell how long each chunk was on its way. The time
is in the text because that is what every proxy passes on, those too that write chunks anew.
"""

import re
from collections.abc import Iterator

from nightshift.bench.proxy.cells import ANSWER_BYTES, CHUNKS, GAP_S, HOT_PROMPTS, Cell

MODEL = "bench-model"
STREAMED = (b'"stream":true', b'"stream": true')
"""How a request body asks for a stream, in the two spellings that JSON writers use."""
_PACE = re.compile(rb"pace=(\d{1,6})x(\d{1,6});")
_WORDS = b"a region whose replicas are idle takes what another cannot serve in time and answers for it "
_HEADERS = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: bench.test\r\nUser-Agent: OpenAI/Python 3.50.0\r\n"
    b"Accept: application/json\r\nAuthorization: Bearer sk-bench\r\nContent-Type: application/json\r\n"
)


def _body(cell: Cell, key: bytes) -> bytes:
    """Return a request body of the cell's size whose prompt begins with `key`."""
    head = b'{"model":"%b","messages":[{"role":"user","content":"%b ' % (MODEL.encode(), key)
    tail = b'"}],"max_tokens":100%b}' % (b',"stream":true' if cell.stream else b"")
    room = max(0, cell.prompt_bytes - len(head) - len(tail))
    return b"%b%b%b" % (head, (_WORDS * (room // len(_WORDS) + 1))[:room], tail)


def _request(body: bytes) -> bytes:
    return b"%bContent-Length: %d\r\n\r\n%b" % (_HEADERS, len(body), body)


def requests(cell: Cell, salt: int) -> Iterator[bytes]:
    """Yield whole requests without end. Hot prompts are the same for every salt, cold ones for none."""
    if not cell.cold:
        hot = [_request(_body(cell, b"%016x" % (n * 0x9E3779B97F4A7C15 % 2**64))) for n in range(HOT_PROMPTS)]
        while True:
            yield from hot
    marker = b"\0" * 16
    before, after = _request(_body(cell, marker)).split(marker)
    number = 0
    while True:
        # Odd multiplier, hence a bijection: no key comes twice, and neighbours share no long prefix.
        key = ((salt << 32 | number) * 0x9E3779B97F4A7C15) % 2**64
        yield b"%b%016x%b" % (before, key, after)
        number += 1


def warming_request(cell: Cell) -> bytes:
    """Return a request that is not streamed, for a connection's first use."""
    plain = Cell("warm", prompt_bytes=cell.prompt_bytes)
    return next(requests(plain, 0))


def paced_request(chunks: int, gap_ms: int) -> bytes:
    """Return a request for a stream of so many chunks, so far apart. The pace stands in the prompt's text."""
    return _request(_body(Cell("paced", stream=True), b"pace=%dx%d;" % (chunks, gap_ms)))


def pace_of(body: bytes) -> tuple[int, float]:
    """Return how many chunks a request body asks for, and the seconds between two."""
    asked = _PACE.search(body)
    return (int(asked[1]), int(asked[2]) / 1e3) if asked else (CHUNKS, GAP_S)


def answer() -> bytes:
    """Return a whole response with a chat completion."""
    head = (
        b'{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"%b",' % MODEL.encode()
    )
    head += b'"choices":[{"index":0,"message":{"role":"assistant","content":"'
    tail = (
        b'"},"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":250,"completion_tokens":60,"total_tokens":310}}'
    )
    room = ANSWER_BYTES - len(head) - len(tail)
    body = b"%b%b%b" % (head, (_WORDS * 8)[:room], tail)
    return page(body, b"application/json")


def page(body: bytes, content_type: bytes, status: bytes = b"200 OK") -> bytes:
    """Return a whole response with this body."""
    return b"HTTP/1.1 %b\r\nserver: uvicorn\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (
        *(status, content_type),
        *(len(body), body),
    )


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


def chunk(sent_ns: int) -> bytes:
    """Return one content event, written at `sent_ns`, as a chunk of HTTP."""
    return _as_chunk(_event(b'{"content":"t=%d;"}' % sent_ns, b"null"))


def stream_end() -> bytes:
    """Return the last event, the end mark and the end of the chunked body."""
    return _as_chunk(_event(b"{}", b'"stop"') + b"data: [DONE]\n\n") + b"0\r\n\r\n"


def _event(delta: bytes, reason: bytes) -> bytes:
    return (
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"%b",'
        b'"choices":[{"index":0,"delta":%b,"finish_reason":%b}]}\n\n' % (MODEL.encode(), delta, reason)
    )


def _as_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
