"""Tokens on their way to a connection."""

import asyncio

import uvloop

from nightshift.backends.emulated.replies import ChatShape, Envelope, EventFormat
from nightshift.backends.emulated.streams import StreamReceiver, chunked
from nightshift.engine.engine import Token
from nightshift.engine.request import make_request


def test_a_connection_that_was_dropped_a_moment_ago_does_not_stop_the_engine() -> None:
    """An exception here would end the timer's chain of steps, and no request would ever be answered again."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", port)
        server.close()
        request = make_request("1", b"hello", max_tokens=2, ignore_eos=True)
        events = EventFormat(Envelope("c", 1, "m"), ChatShape())
        done: asyncio.Future[None] = loop.create_future()
        receiver = StreamReceiver(request, events, transport, done, frame=chunked, include_usage=False)
        receiver.receive(Token("1", 1, finished=False, cached_tokens=0))
        transport.abort()
        for _ in range(3):  # until uvloop has let go of the socket
            await asyncio.sleep(0)
        receiver.receive(Token("1", 2, finished=True, cached_tokens=0))
        assert done.done()

    uvloop.run(scene())
