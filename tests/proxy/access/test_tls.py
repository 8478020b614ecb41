"""Handshakes, reloads under a stream, who is refused, and slow ones."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop

from nightshift.errors import UserError
from nightshift.processes import bind
from nightshift.proxy.access.listener import TlsListener
from nightshift.proxy.access.settings import (
    AccessSettings,
    PeerTlsSettings,
    TlsSettings,
    UpstreamTlsSettings,
)
from nightshift.proxy.access.tls import ClientTls, ServerTls, certified, upstream_context

from .conftest import Authority, Files

NewAuthority = Callable[[], Authority]
Scene = Callable[[], Awaitable[None]]


class Echo(asyncio.Protocol):
    """Says first whether the other side is certified, then what it hears."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(b"certified\n" if certified(transport) else b"a client\n")

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


def play(scene: Scene) -> None:
    """Run a scene on uvloop; nothing may be left behind."""
    left_behind: list[dict[str, Any]] = []

    async def whole() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: left_behind.append(context))
        async with asyncio.timeout(20):
            await scene()

    uvloop.run(whole())
    assert left_behind == []


@asynccontextmanager
async def listening(tls: ServerTls) -> AsyncIterator[tuple[TlsListener, int]]:
    sock = bind("127.0.0.1", 0)
    port: int = sock.getsockname()[1]
    listener = TlsListener(sock, Echo, tls, asyncio.get_running_loop())
    try:
        yield listener, port
    finally:
        listener.close()
        await listener.wait_closed()


def server(files: Files, peers: PeerTlsSettings | None = None, **more: Any) -> ServerTls:
    return ServerTls(TlsSettings(certificate=files.certificate, key=files.key, **more), peers)


def trusting(ca: Authority, files: Files | None = None) -> ssl.SSLContext:
    if files is None:
        return upstream_context(UpstreamTlsSettings(ca=ca.path))
    return upstream_context(UpstreamTlsSettings(ca=ca.path, certificate=files.certificate, key=files.key))


class Speaker:
    """A client's connection, open and greeted."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.greeting = b""

    @staticmethod
    async def at(port: int, context: ssl.SSLContext) -> "Speaker":
        speaker = Speaker(*await asyncio.open_connection("127.0.0.1", port, ssl=context))
        speaker.greeting = await speaker.reader.readline()
        return speaker

    @property
    def tls(self) -> ssl.SSLObject:
        return cast("ssl.SSLObject", self.writer.get_extra_info("ssl_object"))

    @property
    def serial(self) -> object:
        certificate = self.tls.getpeercert()
        return certificate and certificate["serialNumber"]

    async def echo(self, line: bytes) -> None:
        self.writer.write(line)
        assert await self.reader.readline() == line

    async def leave(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def refused(port: int, context: ssl.SSLContext) -> None:
    """In TLS 1.3 a client learns that it was refused only when it reads."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await greeted(port, context)


async def greeted(port: int, context: ssl.SSLContext) -> None:
    if not (await Speaker.at(port, context)).greeting:
        raise ConnectionResetError


def test_a_handshake(authority: NewAuthority) -> None:
    async def scene() -> None:
        ca = authority()
        async with listening(server(ca.issue())) as (listener, port):
            speaker = await Speaker.at(port, trusting(ca))
            assert speaker.tls.version() == "TLSv1.3"
            assert speaker.tls.selected_alpn_protocol() == "http/1.1"
            assert speaker.greeting == b"a client\n"
            await speaker.echo(b"hello\n")
            await speaker.leave()
            assert (listener.failed, listener.displaced) == (0, 0)

    play(scene)


def test_old_versions_and_weak_suites_are_refused(authority: NewAuthority) -> None:
    async def scene() -> None:
        ca = authority()
        async with listening(server(ca.issue())) as (listener, port):
            good = trusting(ca)
            good.maximum_version = ssl.TLSVersion.TLSv1_2
            speaker = await Speaker.at(port, good)
            assert speaker.tls.version() == "TLSv1.2"
            await speaker.leave()
            weak = trusting(ca)
            weak.maximum_version = ssl.TLSVersion.TLSv1_2
            weak.set_ciphers("AES128-SHA256:ECDHE-RSA-AES128-SHA256:@SECLEVEL=0")
            await refused(port, weak)
            assert listener.failed == 1

    play(scene)


def test_who_trusts_another_authority_is_not_fooled(authority: NewAuthority) -> None:
    async def scene() -> None:
        ca, other = authority(), authority()
        async with listening(server(ca.issue())) as (_, port):
            with pytest.raises(ssl.SSLCertVerificationError):
                await Speaker.at(port, trusting(other))
            with pytest.raises(ssl.SSLCertVerificationError):
                await Speaker.at(port, ClientTls(AccessSettings()).for_replicas())
            blind = upstream_context(UpstreamTlsSettings(insecure_skip_verify=True))
            await (await Speaker.at(port, blind)).leave()

    play(scene)


def test_an_expired_certificate_and_one_for_another_host(authority: NewAuthority) -> None:
    async def scene() -> None:
        ca = authority()
        expired = ca.issue(not_after=datetime(2020, 1, 1, tzinfo=UTC))
        tls = server(expired)
        assert "has expired, on 2020-01-01" in tls.doubts(datetime.now(UTC))[0]
        async with listening(tls) as (_, port):
            with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
                await Speaker.at(port, trusting(ca))
            ca.issue(into=expired)
            tls.reload()
            await (await Speaker.at(port, trusting(ca))).leave()
            with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
                await asyncio.open_connection(
                    "127.0.0.1", port, ssl=trusting(ca), server_hostname="elsewhere.example"
                )

    play(scene)


def test_a_reload_while_a_stream_runs(authority: NewAuthority) -> None:
    async def scene() -> None:
        ca, next_ca = authority(), authority()
        files = ca.issue()
        tls = server(files)
        async with listening(tls) as (_, port):
            before = await Speaker.at(port, trusting(ca))
            await before.echo(b"one\n")
            ca.issue(into=files)
            await before.echo(b"two\n")
            tls.reload()
            await before.echo(b"three\n")
            after = await Speaker.at(port, trusting(ca))
            assert before.serial != after.serial
            next_ca.issue(into=files)
            tls.reload()
            await refused(port, trusting(ca))
            last = await Speaker.at(port, trusting(next_ca))
            for speaker in (before, after, last):
                await speaker.echo(b"four\n")
                await speaker.leave()

    play(scene)


def test_a_reload_that_fails_changes_nothing(authority: NewAuthority) -> None:
    async def scene() -> None:
        ca = authority()
        files = ca.issue()
        tls = server(files)
        async with listening(tls) as (_, port):
            first = await Speaker.at(port, trusting(ca))
            files.key.write_bytes(ca.issue().key.read_bytes())
            with pytest.raises(UserError, match="is not the key of the certificate"):
                tls.reload()
            files.certificate.unlink()
            with pytest.raises(UserError, match="cannot read"):
                tls.reload()
            second = await Speaker.at(port, trusting(ca))
            assert first.serial == second.serial
            await first.leave()
            await second.leave()

    play(scene)


def test_peers_are_known_by_a_certificate_of_the_service(authority: NewAuthority, tmp_path: Path) -> None:
    async def scene() -> None:
        public, service, other = authority(), authority(), authority()
        files, mine, theirs = public.issue(), service.issue(), other.issue()
        peers = PeerTlsSettings(ca=service.path, certificate=mine.certificate, key=mine.key)
        async with listening(server(files, peers)) as (listener, port):
            client = await Speaker.at(port, trusting(public))
            assert client.greeting == b"a client\n"
            peer = await Speaker.at(port, trusting(public, mine))
            assert peer.greeting == b"certified\n"
            await refused(port, trusting(public, theirs))
            assert listener.failed == 1
            await client.leave()
            await peer.leave()

    play(scene)


def test_a_peer_checks_that_the_other_is_of_the_service(authority: NewAuthority) -> None:
    async def scene() -> None:
        service, other = authority(), authority()
        mine, theirs = service.issue(), service.issue()
        peers = PeerTlsSettings(ca=service.path, certificate=mine.certificate, key=mine.key)
        settings = AccessSettings(tls=TlsSettings(certificate=mine.certificate, key=mine.key), peer_tls=peers)
        to_peers = ClientTls(settings)
        assert to_peers.for_peers() is to_peers.for_peers()
        assert to_peers.for_peers() is not to_peers.for_replicas()
        async with listening(server(theirs, peers)) as (_, port):
            peer = await Speaker.at(port, to_peers.for_peers())
            assert peer.greeting == b"certified\n"
            old = to_peers.for_peers()
            to_peers.reload()
            assert to_peers.for_peers() is not old
            await peer.echo(b"still here\n")
            await peer.leave()
        async with listening(server(other.issue())) as (_, port):
            with pytest.raises(ssl.SSLCertVerificationError):
                await Speaker.at(port, to_peers.for_peers())

    play(scene)


def test_slow_handshakes_end_in_time(authority: NewAuthority) -> None:
    async def scene() -> None:
        ca = authority()
        async with listening(server(ca.issue(), handshake_s=0.2)) as (listener, port):
            silent = await asyncio.open_connection("127.0.0.1", port)
            plain = await asyncio.open_connection("127.0.0.1", port)
            plain[1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await silent[0].read() == b""
            await plain[0].read()
            for _, writer in (silent, plain):
                writer.close()
            await (await Speaker.at(port, trusting(ca))).leave()
        assert listener.failed == 2

    play(scene)


def test_slow_handshakes_do_not_keep_others_out(authority: NewAuthority) -> None:
    async def scene() -> None:
        ca = authority()
        async with listening(server(ca.issue(), handshakes=3)) as (listener, port):
            slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
            speaker = await Speaker.at(port, trusting(ca))
            await speaker.echo(b"hello\n")
            assert listener.displaced >= 3
            assert listener.under_way <= 3
            for reader, _ in slow[:3]:
                assert await reader.read() == b""
            await speaker.leave()
            for _, writer in slow:
                writer.close()

    play(scene)


class Ends(asyncio.Protocol):
    """Notes whether TLS itself said that there is no more, before the connection ended."""

    def __init__(self) -> None:
        self.said_so = False
        self.greeted = asyncio.Event()
        self.lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.greeted.set()

    def eof_received(self) -> None:
        self.said_so = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


def test_a_burst_of_connections_leaves_nothing_behind(authority: NewAuthority) -> None:
    """Some are displaced before their handshake has begun."""

    async def scene() -> None:
        ca = authority()
        open_before = len(os.listdir("/proc/self/fd"))
        async with listening(server(ca.issue(), handshakes=1)) as (listener, port):
            burst = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
            speaker = await Speaker.at(port, trusting(ca))
            assert listener.displaced == 50
            await speaker.leave()
            for client in burst:
                client.setblocking(False)
                assert await asyncio.get_running_loop().sock_recv(client, 1) == b""
                client.close()
        assert len(os.listdir("/proc/self/fd")) <= open_before + 1

    play(scene)


@pytest.mark.parametrize("cut", [False, True])
def test_an_answer_that_was_cut_short_on_the_way_can_be_told_from_a_whole_one(
    authority: NewAuthority, cut: bool
) -> None:
    """An end of TCP without TLS's own end: whoever is between could have made it (RFC 9112 9.8).

    With uvloop, `connection_lost` has no exception either way; what tells is `eof_received`.
    """

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        ca = authority()
        servers: list[Echo] = []
        between: list[asyncio.Transport] = []

        def made() -> Echo:
            servers.append(Echo())
            return servers[-1]

        files = ca.issue()
        sock = bind("127.0.0.1", 0)
        listener = TlsListener(sock, made, server(files), loop)
        relay = await loop.create_server(lambda: Relay(sock.getsockname()[1], between), "127.0.0.1", 0)
        port = relay.sockets[0].getsockname()[1]
        _, ends = await loop.create_connection(Ends, "127.0.0.1", port, ssl=trusting(ca))
        await ends.greeted.wait()
        (between[0] if cut else servers[0].transport).close()
        await ends.lost.wait()
        assert ends.said_so != cut
        listener.close()
        await listener.wait_closed()
        relay.close()
        for transport in between:
            transport.abort()
        servers[0].transport.abort()

    play(scene)


class Relay(asyncio.Protocol):
    """Passes bytes on, to a port that it connects to, and back; `ends` gets both connections."""

    def __init__(self, port: int, ends: list[asyncio.Transport]) -> None:
        self._port, self._ends = port, ends
        self._other: asyncio.Transport | None = None
        self._early = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._back = cast("asyncio.Transport", transport)
        self._ends.append(self._back)
        self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._other, _ = await loop.create_connection(lambda: Back(self._back), "127.0.0.1", self._port)
        self._ends.append(self._other)
        self._other.write(self._early)

    def data_received(self, data: bytes) -> None:
        if self._other is None:
            self._early += data
        else:
            self._other.write(data)


class Back(asyncio.Protocol):
    def __init__(self, to: asyncio.Transport) -> None:
        self._to = to

    def data_received(self, data: bytes) -> None:
        self._to.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._to.close()


def test_settings_that_contradict_themselves(authority: NewAuthority) -> None:
    files = authority().issue()
    pair = {"certificate": files.certificate, "key": files.key}
    with pytest.raises(ValueError, match="peer_tls needs tls"):
        AccessSettings.model_validate({"peer_tls": {"ca": files.certificate, **pair}})
    with pytest.raises(ValueError, match="go together"):
        UpstreamTlsSettings.model_validate({"key": files.key})
    with pytest.raises(ValueError, match="leave one of them out"):
        UpstreamTlsSettings(ca=files.certificate, insecure_skip_verify=True)
