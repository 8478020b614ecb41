"""Limits on clients over real sockets: slow senders, slow readers, too many, and those that leave."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest
import trustme

from nightshift.proxy.client import Client
from nightshift.proxy.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proxy.conftest import Play, Running, Wire, World

POST = b"POST /v1/completions HTTP/1.1\r\nHost: x\r\n"
SHORT = {"header_s": 0.2, "body_s": 0.2, "idle_s": 0.2, "write_stall_s": 0.4, "linger_s": 0.1}


def edge_of(balancer: Running) -> Any:
    return balancer.server.edge


async def until(awaited: Callable[[], bool]) -> None:
    """Let the loop run until it is as awaited; the scene's own limit of time ends it otherwise."""
    while not awaited():  # noqa: ASYNC110 - what is awaited has no event
        await asyncio.sleep(0.001)


SLOW = {
    "a head that stops": ([b"GET /health HTTP/1.1\r\nHo"], "head"),
    "a first line that stops": ([b"GET /hea"], "head"),
    "a body that stops": ([POST + b"Content-Length: 10\r\n\r\nab"], "body"),
    "a body that never begins": ([POST + b"Content-Length: 10\r\n\r\n"], "body"),
    "chunks that stop": ([POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nab"], "body"),
    "a head in drops": ([b"GET /health HTTP/1.1\r\nX: ", *[b"y"] * 1_000], "head"),
    "a body in drops": ([POST + b"Content-Length: 5000\r\n\r\n", *[b"y"] * 1_000], "body"),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_sender_is_told_and_closed(play: Play, name: str) -> None:
    pieces, what = SLOW[name]

    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine, limits=SHORT)).connect()

        async def send() -> None:
            for piece in pieces:
                wire.send(piece)
                await asyncio.sleep(0.01)

        sending = asyncio.get_running_loop().create_task(send())
        response = await wire.response()
        sending.cancel()
        assert response.status == 408
        assert f"{what} took too long" in response.json()["error"]["message"]
        assert response.headers["connection"] == "close"
        assert await wire.rest() == b""
        assert engine.idle

    play(scene)


@pytest.mark.parametrize("first", [None, b"", b"\r\n"])
def test_an_idle_connection_is_closed_without_a_word(play: Play, first: bytes | None) -> None:
    async def scene(world: World) -> None:
        balancer = await world.balancer(limits=SHORT)
        wire = await balancer.connect()
        if first is not None:
            wire.get("/nightshift/health")
            assert (await wire.response()).status == 200
            wire.send(first)
        # Bytes that arrive while it is being closed make the kernel say so with a reset.
        with suppress(ConnectionResetError):
            assert await wire.rest() == b""

    play(scene)


def test_no_clock_runs_while_the_client_waits_for_us(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits=SHORT)
        wire = await balancer.connect()
        wire.chat(stream=True)
        wire.send(b"GET /heal")  # a next one that waits for its turn, and not for its client
        asked = await engine.request()
        edge = edge_of(balancer)
        (client,) = balancer.server._clients
        assert not any(client in clock for clock in (edge.idle, edge.heads, edge.bodies))
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        assert (await wire.head()).status == 200
        asked.end_stream()
        await wire.chunk()
        assert await wire.chunk() == b""
        assert client in edge.heads
        assert (await wire.response()).status == 408

    play(scene)


async def fill(asked: Any) -> int:
    """Send a stream until the engine's own buffer grows: then everything before it is full."""
    asked.begin_stream()
    asked.connection.transport.set_write_buffer_limits(high=1)
    sent = 0
    while asked.connection.transport.get_write_buffer_size() < 4 * 2**20:
        asked.chunk(b"x" * 65536)
        sent += 65536
        await asyncio.sleep(0)
    return sent


def test_a_client_that_takes_nothing_is_cut_off_and_the_engine_told(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits=SHORT)
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        sent = await fill(asked)
        unsent = max(client.unsent_bytes() for client in balancer.server._clients)
        assert 0 < unsent < 2 * 2**20 < sent, "our part of it is bounded"
        await asked.abandoned()
        assert (await balancer.until(lambda s: s["in_progress"] == 0))["outstanding"] == 0

    play(scene)


def test_a_client_that_takes_a_little_is_not_cut_off(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={**SHORT, "write_stall_s": 0.2})
        loop = asyncio.get_running_loop()
        sock = socket.socket()
        world.stack.callback(sock.close)
        sock.setblocking(False)
        host, port = balancer.address.split(":")
        await loop.sock_connect(sock, (host, int(port)))
        body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true}'
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        await loop.sock_sendall(sock, head % len(body) + body)
        asked = await engine.request()
        sent = await fill(asked)
        asked.end_stream()
        started, got = loop.time(), 0
        while loop.time() - started < 1.0:  # five times the limit
            got += len(await loop.sock_recv(sock, 65536))
            await asyncio.sleep(0.02)
        while got < sent:
            data = await loop.sock_recv(sock, 2**20)
            assert data, "the connection has not been cut"
            got += len(data)

    play(scene)


def test_who_asks_and_never_reads_fills_no_memory(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={**SHORT, "pipelined_bytes": 10_000})
        wire = await balancer.connect()
        wire.writer.transport.set_write_buffer_limits(high=2**26)
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(50):
            wire.send(b"GET /nightshift/state HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000)
            await asyncio.sleep(0)
        other = await balancer.connect()
        seen = 0
        while balancer.server._clients and len(balancer.server._clients) > 1:
            clients = list(balancer.server._clients)
            seen = max(seen, *(client.unsent_bytes() for client in clients))
            assert all(client._reader.unread_bytes < 10_000 + 2**18 for client in clients)
            other.get("/nightshift/health")
            assert (await other.response()).status == 200, "others are served"
        assert 0 < seen < 2**20

    play(scene)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    "phase", ["waits", "waits and sent more", "sent too much", "streams", "does not read", "stream and more"]
)
def test_a_client_that_leaves_is_noticed_at_once_in_any_phase(play: Play, phase: str, reset: bool) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"pipelined_bytes": 1_000})
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        if phase in {"streams", "stream and more"}:
            asked.begin_stream()
            asked.chunk(b"data: 1\n\n")
            await wire.head()
        if phase == "does not read":
            await fill(asked)
        if "more" in phase:
            wire.send(b"GET /nightshift/health HTTP/1.1\r\n")
        if phase == "sent too much":
            wire.send(POST + b"Content-Length: 9000000\r\n\r\n" + b"x" * 9_000_000)
            await until(lambda: any(client._deaf for client in balancer.server._clients))
        loop = asyncio.get_running_loop()
        left = loop.time()
        if reset or phase == "sent too much":
            wire.leave()
        else:
            wire.writer.write_eof()
        await asked.abandoned()
        assert loop.time() - left < 1.0  # a tick, and a slow machine
        assert (await balancer.until(lambda s: s["in_progress"] == 0))["outstanding"] == 0

    play(scene)


def test_who_pipelines_too_much_gets_the_answer_in_progress_and_no_other(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"pipelined_bytes": 1_000})
        wire = await balancer.connect()
        wire.chat()
        asked = await engine.request()
        for _ in range(100):
            wire.get("/nightshift/health")
        await until(lambda: any(client._deaf for client in balancer.server._clients))
        asked.answer_json({"ok": 1})
        assert (await wire.response()).json() == {"ok": 1}
        assert await wire.rest() == b""

    play(scene)


def test_a_client_that_leaves_amid_its_body_leaves_nothing(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        for ending in ("eof", "reset"):
            wire = await balancer.connect()
            wire.send(POST + b"Content-Length: 10\r\n\r\nab")
            await until(lambda: len(edge_of(balancer).bodies) == 1)
            wire.writer.write_eof() if ending == "eof" else wire.leave()
            await until(lambda: not balancer.server._clients)
            assert not len(edge_of(balancer).bodies)
        assert engine.idle

    play(scene)


@pytest.mark.parametrize(("limit", "status"), [("connections", 503), ("connections_per_client", 429)])
def test_one_connection_more_is_turned_away_with_the_reason(play: Play, limit: str, status: int) -> None:
    async def scene(world: World) -> None:
        balancer = await world.balancer(limits={limit: 3})
        doors = edge_of(balancer).doors
        await until(lambda: doors.inside == 0)
        inside = [await balancer.connect() for _ in range(3)]
        for wire in inside:
            wire.get("/nightshift/health")
            assert (await wire.response()).status == 200
        for _ in range(3):
            wire = await balancer.connect()
            wire.get("/nightshift/health")
            response = await wire.response()
            assert response.status == status
            assert response.json()["error"]["code"] == "too_many_connections"
            assert response.headers["retry-after"] == "1"
            assert await wire.rest() == b""
        assert doors.inside == 3
        inside.pop().leave()
        await until(lambda: doors.inside == 2)
        wire = await balancer.connect()
        wire.get("/nightshift/health")
        assert (await wire.response()).status == 200

    play(scene)


def test_clocks_and_doors_are_empty_in_the_end(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits=SHORT)
        wires: list[Wire] = [await balancer.connect() for _ in range(6)]
        wires[0].send(b"GET /x HTTP")
        wires[1].send(POST + b"Content-Length: 3\r\n\r\n")
        wires[2].send(b"broken\r\n\r\n")
        wires[3].get("/nightshift/health", "Connection: close\r\n")
        wires[4].chat()
        (await engine.request()).hang_up()
        for wire in wires:
            await wire.rest()
            wire.leave()
        edge = edge_of(balancer)
        parts = (edge.idle, edge.heads, edge.bodies, edge.lingering, edge.stalled)
        await until(lambda: not balancer.server._clients)
        assert [len(part) for part in parts] == [0] * 5
        assert (edge.doors.inside, edge.doors.clients) == (0, 0)

    play(scene)


class Hasty(asyncio.Protocol):
    """An engine that answers as soon as it sees a head, reads no more, and keeps its connection open."""

    def __init__(self, seen: list[asyncio.Transport]) -> None:
        self.seen = seen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.transport.pause_reading()
        self.seen.append(self.transport)
        self.transport.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge")


def test_an_answer_before_the_request_is_taken_is_passed_on_and_its_connection_not_used_again(
    play: Play,
) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        seen: list[asyncio.Transport] = []
        listener = await asyncio.get_running_loop().create_server(lambda: Hasty(seen), "127.0.0.1", 0)

        def drop() -> None:
            for transport in seen:
                transport.abort()

        world.stack.callback(drop)
        world.stack.callback(listener.close)
        address = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        pool = balancer.server.dispatcher.replicas["here-0"]
        pool.endpoint = Endpoint.at("here-0", "region-here", address)
        wire = await balancer.connect()
        for number in (1, 2):
            wire.chat("x" * 20_000_000)
            response = await wire.response()
            assert (response.status, response.body) == (413, b"large")
            assert len(seen) == number, "each on a connection of its own"
            assert pool.idle == 0

    play(scene)


ODD_ANSWERS = [
    b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2**20 + b"\r\n\r\n",
    b"HTTP/1.1 999 ?\r\nContent-Length: 0\r\n\r\n",
    b"\x00" * 100,
]


def test_answers_that_are_none_are_a_502_and_the_next_client_gets_its_own(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        for odd in ODD_ANSWERS:
            wire.chat("mine")
            (await engine.request()).answer(odd)
            response = await wire.response()
            assert response.status == 502, odd[:60]
            assert response.json()["error"]["code"]
            assert "set-cookie" not in response.headers
            await world.heard_from(balancer, 1)
            other = await balancer.connect()
            other.chat("theirs")
            asked = await engine.request()
            asked.answer_json({"to": "them"})
            assert (await other.response()).json() == {"to": "them"}
            # More than one response to one request: the rest is nobody's.
            other.chat("theirs")
            asked = await engine.request()
            asked.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-")
            assert (await other.response()).body == b"a"
            await asked.abandoned()

    play(scene)


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    return server, client


def test_over_tls_answers_are_read_to_their_end_and_refusals_too(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, limits={"body_bytes": 1000})
        server, client = contexts()
        listener = await asyncio.get_running_loop().create_server(
            lambda: Client(balancer.server, edge_of(balancer)), "127.0.0.1", 0, ssl=server
        )
        address = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"

        async def connect() -> Wire:
            from tests.proxy.conftest import Wire

            host, port = address.split(":")
            wire = Wire(*await asyncio.open_connection(host, int(port), ssl=client))
            world.stack.callback(wire.leave)
            return wire

        wire = await connect()
        wire.chat()
        (await engine.request()).answer_json({"ok": 1})
        assert (await wire.response()).json() == {"ok": 1}
        wire.get("/nightshift/health", "Connection: close\r\n")
        assert (await wire.response()).status == 200
        assert await wire.rest() == b""
        wire = await connect()
        wire.send(POST + b"Content-Length: 800000\r\n\r\n" + b"x" * 800_000)
        assert (await wire.response()).status == 413
        wire = await connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        await wire.head()
        wire.leave()
        await asked.abandoned()
        listener.close()

    play(scene)


def test_an_endpoint_may_be_behind_tls(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        assert engine.listener is not None
        server, client = contexts()
        from tests.proxy.conftest import EngineConnection

        listener = await asyncio.get_running_loop().create_server(
            lambda: EngineConnection(engine), "127.0.0.1", 0, ssl=server
        )
        address = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        balancer = await world.balancer(engine)
        pool = balancer.server.dispatcher.replicas["here-0"]
        pool.endpoint = Endpoint.at("here-0", "region-here", address, client)
        wire = await balancer.connect()
        for _ in range(2):
            wire.chat()
            asked = await engine.request()
            assert asked.connection.transport.get_extra_info("ssl_object") is not None
            asked.answer_json({"ok": 1})
            assert (await wire.response()).json() == {"ok": 1}
        pool.endpoint = Endpoint.at("here-0", "region-here", address, ssl.create_default_context())
        pool._idle.pop().abort()
        wire.chat()
        assert (await wire.response()).status == 502, "a certificate that nobody vouches for"
        listener.close()

    play(scene)
