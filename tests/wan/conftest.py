"""A WAN for tests: one link from region `a` to region `b` in front of a handler, on real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from nightshift.wan.relay import Relay
from nightshift.wan.spec import WanSpec

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Wan:
    relay: Relay

    @property
    def link(self) -> dict[str, Any]:
        described: dict[str, Any] = self.relay.describe()["links"][0]
        return described

    async def connect(self) -> Streams:
        host, port = self.link["address"].split(":")
        return await asyncio.open_connection(host, int(port))

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition(self.link):  # noqa: ASYNC110 - the relay has no event to wait for
                await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def _wan(handler: Handler | None, rtt_ms: float, **settings: Any) -> AsyncIterator[Wan]:
    """Yield a served link with the round trip `rtt_ms`; without a handler its target refuses."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert handler is not None
        with contextlib.suppress(ConnectionError):
            await handler(reader, writer)
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if handler is None:
        server.close()
        await server.wait_closed()
    link = {"name": "x", "from": "a", "to": "b", "listen": "127.0.0.1:0", "target": f"127.0.0.1:{port}"}
    relay = Relay(WanSpec.model_validate({"matrix": {"a": {"b": rtt_ms}}, "links": [link], **settings}))
    await relay.serve()
    try:
        yield Wan(relay)
    finally:
        await relay.close()
        server.close()


@pytest.fixture
def wan() -> Callable[..., contextlib.AbstractAsyncContextManager[Wan]]:
    return _wan
