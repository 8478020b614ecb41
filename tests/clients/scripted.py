"""An engine that answers what the test tells it to, in threads: the clients under test may block.

It keeps what arrived, byte for byte, and notices when the balancer drops a connection amid an answer. A
`Reply` is the whole of what an engine would send; `say=NAME` in a prompt chooses one of `by_name`, and
`script` stands for everything else.
"""

import re
import socket
import socketserver
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

import orjson

PAGE = b"vllm:num_requests_waiting 0\nvllm:num_requests_running 1\n"
_SAY = re.compile(rb"say=(\w+)")
_EVENTS = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"


@dataclass(frozen=True)
class Reply:
    """One answer. `pieces` make it a stream; `then` says what comes after it: nothing, `cut` or `hang`."""

    status: int = 200
    body: bytes = b""
    pieces: Sequence[bytes] = ()
    headers: tuple[tuple[str, str], ...] = ()
    then: str = ""


@dataclass
class Seen:
    """A request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    dropped: threading.Event = field(default_factory=threading.Event)
    """Set when the balancer closed the connection before the answer was whole."""

    def json(self) -> Any:
        """The body, parsed."""
        return orjson.loads(self.body)


Script = Callable[[Seen], Reply]


class ScriptedEngine:
    """See the head of the file. A context manager."""

    def __init__(self, by_name: dict[str, Reply]) -> None:
        self.script: Script = lambda seen: Reply(body=b"{}")
        self.seen: Queue[Seen] = Queue()
        self._by_name = by_name
        engine = self

        class Handler(_Handler):
            owner = engine

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> "ScriptedEngine":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.close_all()
        self._server.server_close()
        self._thread.join()

    def answer_to(self, seen: Seen) -> Reply:
        """Choose the answer."""
        named = _SAY.search(seen.body)
        if named is not None:
            return self._by_name[named[1].decode()]
        return self.script(seen)

    def forget(self) -> None:
        """Be as new."""
        self.script = lambda seen: Reply(body=b"{}")
        while not self.seen.empty():
            self.seen.get_nowait()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.open: set[socket.socket] = set()

    def close_all(self) -> None:
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    owner: ScriptedEngine

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        server.open.add(self.request)
        try:
            while self._one():
                pass
        except OSError:
            return
        finally:
            server.open.discard(self.request)

    def _one(self) -> bool:
        line = self.rfile.readline()
        if not line:
            return False
        method, path, _ = line.decode().split(" ")
        headers: dict[str, str] = {}
        while (one := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = one.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        seen = Seen(method, path, headers, self.rfile.read(int(headers.get("content-length", "0"))))
        if path == "/metrics":
            self._whole(Reply(body=PAGE))
            return True
        if method == "GET" and path == "/v1/models":
            self._whole(Reply(body=b'{"object":"list","data":[{"id":"m","object":"model"}]}'))
            return True
        self.owner.seen.put(seen)
        return self._answer(self.owner.answer_to(seen), seen)

    def _answer(self, reply: Reply, seen: Seen) -> bool:
        if reply.then == "silence":
            self._until_dropped(seen)
            return False
        if not reply.pieces:
            self._whole(reply)
            return True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + _EVENTS + _lines(reply) + b"\r\n")
        for piece in reply.pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if reply.then == "hang":
            self._until_dropped(seen)
        if reply.then:
            return False
        self.wfile.write(b"0\r\n\r\n")
        return True

    def _whole(self, reply: Reply) -> None:
        length = len(reply.body) + (5 if reply.then == "cut" else 0)
        head = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % (
            reply.status,
            length,
        )
        self.wfile.write(head + _lines(reply) + b"\r\n" + reply.body)
        if reply.then == "cut":
            raise ConnectionAbortedError

    def _until_dropped(self, seen: Seen) -> None:
        try:
            self.rfile.read(1)
        except OSError:
            pass
        seen.dropped.set()


def _lines(reply: Reply) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in reply.headers)
