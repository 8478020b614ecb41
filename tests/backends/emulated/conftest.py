"""A server and its client in one event loop, on a free port."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from nightshift.backends.emulated.live import LiveEngine
from nightshift.backends.emulated.options import EngineOptions
from nightshift.backends.emulated.serve import serving
from nightshift.engine.profiles import PROFILES
from nightshift.processes import address_of, bind


@dataclass(frozen=True)
class Served:
    address: str
    engine: LiveEngine

    @property
    def host_port(self) -> tuple[str, int]:
        host, port = self.address.rsplit(":", 1)
        return host, int(port)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; the limit of the whole test ends a wait that is in vain."""
        while not holds():  # noqa: ASYNC110 - the engine has no event for this, and needs none but here
            await asyncio.sleep(0)

    async def exchange(self, request: bytes) -> bytes:
        """Send bytes on a connection of their own, and return all that comes back."""
        reader, writer = await asyncio.open_connection(*self.host_port)
        try:
            writer.write(request)
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


Body = Callable[[Served], Awaitable[None]]


@pytest.fixture
def with_server() -> Callable[..., None]:
    """Return a function that runs a coroutine function beside a server."""

    def run(body: Body, *, profile: str = "instant") -> None:
        async def main() -> None:
            options = EngineOptions(PROFILES[profile], "emulated-model", replica_id="r1")
            sock = bind("127.0.0.1", 0)
            async with asyncio.timeout(30), serving(options, sock) as engine:
                await body(Served(address_of(sock), engine))

        asyncio.run(main())

    return run
