"""An engine that fails as it is told: in the test's own loop, or as a process for the soak.

What it does with a request says the prompt (`fault=NAME`, see `faults.py`); the same nonce that comes
again, to this engine or one that shares its `Script`, is answered well, so that a retry shows. Without a
word in the prompt it draws a fault with the chance `Script.share`, from a seed. Every request is written
down in a journal when it is here, whole, and when it is done or its connection gone. `early` says no before
it has read the body.

As a process: `python -m tests.soak.faulty_engine --seed 1 --share 0.2 --journal FILE`; the journal goes to
a file because it must survive SIGKILL.
"""

import argparse
import asyncio
import socket
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import BinaryIO, cast

import orjson
from tests.soak.asking import answer_to, marks_in
from tests.soak.faults import FAULTS, well
from tests.soak.journal import Journal

from nightshift.engine.request import EngineRequest
from nightshift.processes import address_of, announce_ready, bind, die_with_parent

PAGES = {
    "well": b"vllm:num_requests_waiting 0\nvllm:num_requests_running 1\n",
    "nan": b"vllm:num_requests_waiting NaN\nvllm:num_requests_running NaN\n",
    "negative": b"vllm:num_requests_waiting -1\nvllm:num_requests_running -5\n",
    "missing": b"vllm:something_else 0\n",
    "garbage": b"\x00\xff\xfe<html>",
    "full": b"vllm:num_requests_waiting 9\nvllm:num_requests_running 9\n",
}
EARLY = b"x-early"
"""A header of a request whose refusal does not wait for its body."""


@dataclass
class Script:
    """What the engines that share it do."""

    share: float = 0.0
    among: tuple[str, ...] = ()
    """Faults to draw from when the prompt names none."""
    rng: Random = field(default_factory=lambda: Random(0))
    played: set[str] = field(default_factory=set)

    def choose(self, nonce: str, named: str) -> str:
        """Return the name of the fault for this visit."""
        if named and nonce not in self.played:
            self.played.add(nonce)
            return named
        if not named and self.among and self.rng.random() < self.share:
            return self.rng.choice(self.among)
        return "well"


class FaultyEngine:
    """Serves `/metrics`, and everything else as its script says."""

    def __init__(self, name: str, script: Script, pause_s: float = 0.0) -> None:
        self.name = name
        self.script = script
        self.pause_s = pause_s
        self.page = "well"
        self.journal = Journal()
        self.out: BinaryIO | None = None
        """Where the journal is written as it grows, if anywhere."""
        self.address = ""
        self.connections: set[_Connection] = set()
        self._listener: asyncio.Server | None = None

    async def serve(self, sock: socket.socket) -> None:
        """Take connections from now on."""
        self.address = address_of(sock)
        self._listener = await asyncio.get_running_loop().create_server(lambda: _Connection(self), sock=sock)

    def refuse_connections(self) -> None:
        """Listen no more; what is connected stays."""
        if self._listener is not None:
            self._listener.close()

    async def unlisten(self) -> tuple[str, int]:
        """Listen no more, and have left the address, which is returned, to others."""
        self.refuse_connections()
        host, _, port = self.address.rpartition(":")
        while _listens(host, int(port)):  # noqa: ASYNC110 - the loop closes it when it likes
            await asyncio.sleep(0)
        return host, int(port)

    def stop(self) -> None:
        """Listen no more, and drop every connection."""
        self.refuse_connections()
        for connection in list(self.connections):
            connection.reset()

    def note(self, what: str, nonce: str) -> None:
        """Write down that a request is here or gone."""
        journal = Journal()
        (journal.placed if what == "placed" else journal.left)(monotonic(), nonce, self.name)
        self.journal.add(journal)
        if self.out is not None:
            self.out.write(journal.lines())


def _listens(host: str, port: int) -> bool:
    """Tell whether anybody listens there, without connecting."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            sock.listen(0)
        except OSError:
            return True
    return False


class _Connection(asyncio.Protocol):
    """One connection: HTTP/1.1 with Content-Length, one request at a time."""

    def __init__(self, engine: FaultyEngine) -> None:
        self._engine = engine
        self._unread = b""
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._engine.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._engine.connections.discard(self)
        if self._task is not None:
            self._task.cancel()

    def eof_received(self) -> None:
        return None

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._next()

    def _next(self) -> None:
        if self._task is not None or b"\r\n\r\n" not in self._unread:
            return
        head, _, rest = self._unread.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        fields = {k.lower(): v for k, _, v in (line.partition(b": ") for line in lines[1:])}
        length = int(fields.get(b"content-length", b"0"))
        if EARLY in fields:
            self.transport.write(
                b"HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"
            )
            self.transport.close()
        elif len(rest) >= length:
            self._unread = rest[length:]
            self._serve(lines[0], rest[:length])

    def _serve(self, line: bytes, body: bytes) -> None:
        if line.startswith(b"GET "):
            page = PAGES[self._engine.page]
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(page), page))
            return
        nonce, named = marks_in(body)
        visit = Visit(self, body, self._engine.pause_s)
        self._engine.note("placed", nonce)
        fault = self._engine.script.choose(nonce, named)
        self._task = asyncio.get_running_loop().create_task(visit.play(fault))
        self._task.add_done_callback(lambda _: self._served(nonce))

    def _served(self, nonce: str) -> None:
        self._engine.note("left", nonce)
        self._task = None
        if not self.transport.is_closing():
            self._next()

    async def send(self, data: bytes) -> None:
        self.transport.write(data)
        await self._writable.wait()

    def reset(self) -> None:
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Visit:
    """See `faults.Call`."""

    def __init__(self, connection: _Connection, body: bytes, pause_s: float) -> None:
        self.stream = bool(orjson.loads(body).get("stream"))
        self.asked: EngineRequest = answer_to(body)
        self.pause_s = pause_s
        self.send = connection.send
        self.close = connection.transport.close
        self.reset = connection.reset

    async def play(self, fault: str) -> None:
        """Do what the fault says."""
        await FAULTS.get(fault, well)(self)


async def _serve_until_killed(options: argparse.Namespace, out: BinaryIO) -> None:
    among = tuple(options.faults.split(",")) if options.faults else ()
    script = Script(options.share, among, Random(options.seed))
    engine = FaultyEngine(options.name, script, options.pause_s)
    engine.out = out
    sock = bind("127.0.0.1", options.port)
    await engine.serve(sock)
    announce_ready(address=engine.address, name=options.name)
    await asyncio.Event().wait()


def main() -> None:
    """Serve until a signal ends this process."""
    die_with_parent()
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=0.0)
    parser.add_argument("--faults", default="")
    parser.add_argument("--pause-s", type=float, default=0.0)
    parser.add_argument("--journal", required=True)
    options = parser.parse_args(sys.argv[1:])
    with Path(options.journal).open("ab", buffering=0) as out:
        asyncio.run(_serve_until_killed(options, out))


if __name__ == "__main__":
    main()
