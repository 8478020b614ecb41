"""The balancer's own connections over TLS: the same protocol, with what differs."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from nightshift.processes import bind
from nightshift.proxy.access.listener import TlsListener
from nightshift.proxy.access.settings import TlsSettings, UpstreamTlsSettings
from nightshift.proxy.access.tls import ServerTls, upstream_context
from nightshift.proxy.client import Client

from ..conftest import Play, Running, Wire, World
from .conftest import Authority

NewAuthority = Callable[[], Authority]


@asynccontextmanager
async def over_tls(balancer: Running, ca: Authority) -> AsyncIterator[Callable[[], "asyncio.Future[Wire]"]]:
    files = ca.issue()
    tls = ServerTls(TlsSettings(certificate=files.certificate, key=files.key))
    loop = asyncio.get_running_loop()
    sock = bind("127.0.0.1", 0)
    port: int = sock.getsockname()[1]
    listener = TlsListener(sock, lambda: Client(balancer.server, balancer.server.edge), tls, loop)
    context = upstream_context(UpstreamTlsSettings(ca=ca.path))
    try:
        yield lambda: loop.create_task(_connect(port, context, balancer))
    finally:
        listener.close()
        await listener.wait_closed()


async def _connect(port: int, context: ssl.SSLContext, balancer: Running) -> Wire:
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port, ssl=context))
    balancer.stack.callback(wire.leave)
    return wire


def test_answers_and_streams(play: Play, authority: NewAuthority) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        async with over_tls(balancer, authority()) as connect:
            wire = await connect()
            for text in ("short", "long " * 100_000):
                wire.chat(text)
                asked = await engine.request()
                assert text.encode() in asked.body
                asked.answer_json({"said": text})
                assert (await wire.response()).json() == {"said": text}
            wire.chat(stream=True)
            asked = await engine.request()
            asked.begin_stream()
            asked.chunk(b"data: 1\n\n")
            assert (await wire.head()).status == 200
            assert await wire.chunk() == b"data: 1\n\n"
            asked.chunk(b"data: [DONE]\n\n")
            asked.end_stream()
            assert await wire.chunk() == b"data: [DONE]\n\n"
            assert await wire.chunk() == b""

    play(scene)


def test_a_refusal_is_read_before_the_connection_closes(play: Play, authority: NewAuthority) -> None:
    """TLS cannot close one half, which is how plain connections let a refusal be read."""

    async def scene(world: World) -> None:
        balancer = await world.balancer(limits={"linger_s": 0.1})
        async with over_tls(balancer, authority()) as connect:
            wire = await connect()
            wire.send(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + b"x" * 1_000_000)
            response = await wire.response()
            assert (response.status, response.headers["connection"]) == (400, "close")
            assert await wire.rest() == b""

    play(scene)


def test_a_client_that_leaves_is_noticed(play: Play, authority: NewAuthority) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        async with over_tls(balancer, authority()) as connect:
            polite, rude = await connect(), await connect()
            for wire in (polite, rude):
                wire.chat()
            first, second = await engine.request(), await engine.request()
            polite.writer.close()
            rude.leave()
            await first.abandoned()
            await second.abandoned()
            await balancer.until(lambda state: state["counters"]["client_gone"] == 2)

    play(scene)
