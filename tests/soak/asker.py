"""A client that knows what it must get: asks over a raw connection, and says how each request ended.

It takes nothing on trust: a whole answer is one whose framing is complete, that ends with `[DONE]` if it is a
stream, and whose text is exactly the expected one. A part of an answer must be a beginning of that text.
"""

import asyncio
from dataclasses import dataclass, field
from time import monotonic

import orjson
from tests.soak.asking import Question
from tests.soak.journal import How, Journal

_DONE = b"[DONE]"


@dataclass
class Ending:
    """How one request ended."""

    how: How
    note: str = ""
    status: int = 0
    code: str = ""
    content: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def queued_s(self) -> float:
        """Seconds in queues, as the balancer says."""
        return float(self.headers.get("x-nightshift-queued-ms", "0")) / 1000


class ChunkedError(ValueError):
    """Bytes where a chunk's size should be."""


@dataclass
class Asker:
    """One connection. Ask on it until `open` is false."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    journal: Journal
    patience_s: float = 30.0
    open: bool = True

    @classmethod
    async def connect(
        cls, address: str, journal: Journal, patience_s: float = 30.0, buffer: int = 2**16
    ) -> "Asker":
        """Connect. `buffer` bounds what is read ahead, for a client that reads slowly."""
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=buffer)
        return cls(reader, writer, journal, patience_s)

    def leave(self) -> None:
        """Drop the connection at once."""
        self.open = False
        self.writer.transport.abort()

    async def ask(
        self, question: Question, *, more: str = "", leave_after: int | None = None, read_pause_s: float = 0.0
    ) -> Ending:
        """Ask, and write into the journal how it ended; leave after so many pieces of the answer."""
        self.journal.asked(monotonic(), question.nonce)
        self.writer.write(question.wire(more=more))
        body = bytearray()
        ending = Ending(How.NO_ANSWER)
        try:
            async with asyncio.timeout(self.patience_s):
                await self._read(ending, body, leave_after, read_pause_s)
        except TimeoutError:
            ending.how, ending.note = How.LOST, f"silence for {self.patience_s} s after {len(body)} bytes"
        except (asyncio.IncompleteReadError, ConnectionError, ChunkedError) as error:
            ending.note = ending.note or repr(error)[:200]
            self._judge_part(question, ending, bytes(body))
        else:
            self._judge_whole(question, ending, bytes(body))
        if ending.how not in {How.ANSWERED, How.REFUSED} or ending.headers.get("connection") == "close":
            self.leave()
        self.journal.ended(monotonic(), question.nonce, ending.how, ending.note)
        return ending

    async def _read(
        self, ending: Ending, body: bytearray, leave_after: int | None, read_pause_s: float
    ) -> None:
        if leave_after == 0:
            self._go(ending)
            return
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        ending.status = int(lines[0].split(" ")[1])
        ending.headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
        if ending.headers.get("transfer-encoding") != "chunked":
            left = int(ending.headers["content-length"])
            while left:
                if not (data := await self.reader.read(min(left, 65_536))):
                    raise asyncio.IncompleteReadError(b"", left)
                body += data
                left -= len(data)
            return
        pieces = 1
        while size := await self._size():
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
            if leave_after is not None and pieces >= leave_after:
                self._go(ending)
                return
            pieces += 1
            if read_pause_s:
                await asyncio.sleep(read_pause_s)
        await self.reader.readexactly(2)

    async def _size(self) -> int:
        line = await self.reader.readuntil(b"\r\n")
        try:
            return int(line, 16)
        except ValueError:
            raise ChunkedError(f"no chunk size: {line[:40]!r}") from None

    def _go(self, ending: Ending) -> None:
        ending.how = How.LEFT
        self.leave()

    def _judge_whole(self, question: Question, ending: Ending, body: bytes) -> None:
        """The framing is complete: an answer, an error, or a lie."""
        if ending.how is How.LEFT:
            return
        if ending.status != 200:
            ending.how, ending.code = How.REFUSED, _code(body)
            if not ending.code:
                ending.how, ending.note = How.LOST, f"status {ending.status} with {body[:80]!r}"
            return
        events, done, error = _content(question, body)
        ending.content = events
        if error:
            ending.how, ending.code = How.CUT, error
        elif events == question.answer and done:
            ending.how = How.ANSWERED
        else:
            ending.how, ending.note = How.LOST, f"looks whole: {body[-160:]!r}"

    def _judge_part(self, question: Question, ending: Ending, body: bytes) -> None:
        """The connection ended too early, which is right if what came is a beginning of the answer."""
        if not ending.status:
            ending.how = How.NO_ANSWER
            return
        if not question.stream:
            ending.how = How.CUT
            return
        ending.content, done, ending.code = _content(question, body)
        ending.how = How.CUT
        if done:
            ending.note = "cut after [DONE]"
        if not question.answer.startswith(ending.content):
            ending.how, ending.note = How.LOST, f"of another answer: {ending.content[:80]!r}"


def _code(body: bytes) -> str:
    """Return the code (or type) of an error in OpenAI's format; empty if it is none."""
    try:
        error = orjson.loads(body)["error"]
        return str(error["code"] or error["type"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""


def _content(question: Question, body: bytes) -> tuple[str, bool, str]:
    """Return the text, whether its end was marked, and the code of an error event."""
    if not question.stream:
        try:
            return str(orjson.loads(body)["choices"][0]["message"]["content"]), True, ""
        except (orjson.JSONDecodeError, KeyError):
            return "", False, ""
    text, done, error = "", False, ""
    for block in body.split(b"\n\n"):
        if not block.startswith(b"data: "):
            continue
        data = block[6:]
        if data == _DONE:
            done = True
            continue
        try:
            said = orjson.loads(data)
        except orjson.JSONDecodeError:
            continue  # an event that was cut off
        if "error" in said:
            error = str(said["error"].get("code") or "error")
        for choice in said.get("choices", ()):
            text += choice["delta"].get("content") or ""
    return text, done, error
