"""A scripted engine, a raw HTTP client and balancers on loopback, all in one event loop.

The engine does nothing by itself except answer `/metrics`: a test takes each request from it and writes the
bytes of the answer, so that every order of events can be played. Nothing sleeps: a test waits for the event
itself, or asks the balancer for its state until that is as awaited.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import uvloop

from nightshift.processes import address_of, bind
from nightshift.proxy.server import Server
from nightshift.proxy.settings import Settings

TOKEN = "a-secret-of-the-service"
CREDENTIALS = f"x-nightshift-peer-token: {TOKEN}\r\n"
PAGE = "vllm:num_requests_waiting 0\nvllm:num_requests_running 1\n"


@dataclass(eq=False)
class Asked:
    """A request that reached the engine."""

    connection: "EngineConnection"
    head: str
    headers: dict[str, str]
    body: bytes

    def answer(self, data: bytes) -> None:
        """Write raw bytes."""
        assert self.connection.transport is not None
        self.connection.transport.write(data)

    def answer_json(self, value: object, status: str = "200 OK", more: str = "") -> None:
        body = orjson.dumps(value)
        lines = f"content-type: application/json\r\n{more}content-length: {len(body)}\r\n"
        self.answer(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body)

    def begin_stream(self) -> None:
        self.answer(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )

    def chunk(self, data: bytes) -> None:
        self.answer(b"%x\r\n%b\r\n" % (len(data), data))

    def end_stream(self) -> None:
        self.answer(b"0\r\n\r\n")

    def hang_up(self) -> None:
        assert self.connection.transport is not None
        self.connection.transport.close()

    async def abandoned(self) -> None:
        """Wait until the balancer has closed this connection."""
        await self.connection.lost.wait()


class EngineConnection(asyncio.Protocol):
    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.transport: Any = None
        self.lost = asyncio.Event()
        self.unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.engine.connections.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        self.unread += data
        while b"\r\n\r\n" in self.unread:
            head, _, rest = self.unread.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self.unread = rest[length:]
            self.engine.asked(Asked(self, lines[0], headers, rest[:length]))


class Engine:
    """See the head of the file."""

    def __init__(self) -> None:
        self.page: str = PAGE
        self.models: list[str] | None = None
        """What `/v1/models` lists; None: it is not there."""
        self.silent = False
        """Whether probes get no answer."""
        self.probes: list[Asked] = []
        """Those that got none."""
        self.connections: list[EngineConnection] = []
        self.address = ""
        self._requests: asyncio.Queue[Asked] = asyncio.Queue()
        self.listener: asyncio.Server | None = None

    def asked(self, request: Asked) -> None:
        if request.head.startswith("GET /metrics "):
            page = self.page.encode()
            if self.silent:
                self.probes.append(request)
                return
            request.answer(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(page), page))
        elif request.head.startswith("GET /v1/models "):
            if self.models is None:
                request.answer_json({}, "404 Not Found")
            else:
                request.answer_json({"object": "list", "data": [{"id": model} for model in self.models]})
        else:
            self._requests.put_nowait(request)

    async def request(self) -> Asked:
        """Wait for the next request."""
        return await self._requests.get()

    @property
    def idle(self) -> bool:
        return self._requests.empty()

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        sock = bind("127.0.0.1", 0)
        self.address = address_of(sock)
        self.listener = await loop.create_server(lambda: EngineConnection(self), sock=sock)

    def stop(self) -> None:
        assert self.listener is not None
        self.listener.close()
        for connection in self.connections:
            connection.transport.abort()


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Wire:
    """A client's connection, in raw bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def post(self, path: str, value: object, more: str = "") -> None:
        body = value if isinstance(value, bytes) else orjson.dumps(value)
        self.send(
            f"POST {path} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body
        )

    def chat(self, text: str = "hello", *, more: str = "", **fields: object) -> None:
        body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
        self.post("/v1/chat/completions", body, more)

    def get(self, path: str, more: str = "", method: str = "GET") -> None:
        self.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())

    async def head(self) -> Response:
        """Read status line and headers."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
        return Response(int(lines[0].split(" ")[1]), headers, b"")

    async def chunk(self) -> bytes:
        """Read one chunk of a chunked body; empty is the last."""
        size = int(await self.reader.readline(), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def response(self) -> Response:
        """Read a whole response."""
        response = await self.head()
        if response.headers.get("transfer-encoding") == "chunked":
            while chunk := await self.chunk():
                response.body += chunk
        else:
            response.body = await self.reader.readexactly(int(response.headers.get("content-length", "0")))
        return response

    async def rest(self) -> bytes:
        """Read until the other side closes."""
        return await self.reader.read()

    def leave(self) -> None:
        self.writer.transport.abort()


@dataclass
class Running:
    """A balancer that serves."""

    server: Server
    address: str
    stack: AsyncExitStack
    tls: ssl.SSLContext | None = None

    async def connect(self) -> Wire:
        host, port = self.address.split(":")
        wire = Wire(*await asyncio.open_connection(host, int(port), ssl=self.tls))
        self.stack.callback(wire.leave)
        return wire

    async def state(self) -> dict[str, Any]:
        wire = await self.connect()
        wire.get("/nightshift/state", f"Connection: close\r\n{CREDENTIALS}")
        state: dict[str, Any] = (await wire.response()).json()
        wire.leave()
        return state

    async def until(self, awaited: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask for the state until it is as awaited."""
        while not awaited(state := await self.state()):
            pass
        return state


@dataclass
class World:
    """What a test plays with. Balancers are connected as peers by `introduce`."""

    stack: AsyncExitStack
    engines: list[Engine] = field(default_factory=list)

    async def engine(self) -> Engine:
        engine = Engine()
        await engine.serve()
        self.stack.callback(engine.stop)
        return engine

    async def balancer(
        self, *engines: Engine, name: str = "here", over: Path | None = None, **settings: Any
    ) -> Running:
        """Start a balancer over these engines and wait until it has heard from each.

        `over` is the authority of its certificate, where it serves TLS.
        """
        replicas = [{"id": f"{name}-{n}", "address": engine.address} for n, engine in enumerate(engines)]
        values = {"name": name, "region": f"region-{name}", "replicas": replicas, "peer_token": TOKEN}
        server = Server(Settings.model_validate({**values, "speed": 10, **settings}))
        sock = bind("127.0.0.1", 0)
        await server.start(sock)
        self.stack.push_async_callback(server.stop)
        context = None if over is None else ssl.create_default_context(cafile=over)
        running = Running(server, address_of(sock), self.stack, context)
        await self.heard_from(running, len(engines))
        return running

    async def heard_from(self, balancer: Running, replicas: int, peers: int = 0) -> None:
        """Wait until so many replicas and peers answer."""
        wire = await balancer.connect()
        while True:
            wire.get("/health")
            health = (await wire.response()).json()
            if (health["replicas"], health["peers"]) == (replicas, peers):
                break
        wire.leave()

    async def introduce(self, balancer: Running, engines: list[Engine], peers: list[Running]) -> None:
        """Tell a balancer its targets, as the controller does."""
        name = balancer.server.dispatcher.balancer.name
        targets = {
            "replicas": [{"id": f"{name}-{n}", "address": e.address} for n, e in enumerate(engines)],
            "peers": [{"id": p.server.dispatcher.balancer.name, "address": p.address} for p in peers],
        }
        body = orjson.dumps(targets)
        wire = await balancer.connect()
        head = (
            f"PUT /nightshift/targets HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}Content-Length: {len(body)}\r\n\r\n"
        )
        wire.send(head.encode() + body)
        assert (await wire.response()).status == 200
        wire.leave()


Play = Callable[[Callable[[World], Coroutine[Any, Any, None]]], None]


@asynccontextmanager
async def _world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield World(stack)


@pytest.fixture
def play() -> Play:
    """Run a scene in a fresh world, on uvloop, and report any exception that a callback left behind."""

    def run(scene: Callable[[World], Awaitable[None]]) -> None:
        left_behind: list[dict[str, Any]] = []

        async def whole() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: left_behind.append(context))
            async with asyncio.timeout(20), _world() as world:
                await scene(world)

        uvloop.run(whole())
        assert left_behind == []

    return run
