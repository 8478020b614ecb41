"""Accepting connections over TLS, with a bound on handshakes: in number, and each in time.

The event loop's own server tells a protocol of its connection after the handshake, so limits on connections
do not see those that never finish one. Here a handshake is a task with a time limit, and some 50 kB. When as
many are under way as may be, the oldest gives way: an honest one takes a round trip or two, so the oldest is
the least likely to be one. Who wants to keep others out has to open all of them anew in each round trip.

Each connection takes the context of its moment, which is what makes a reload a change of one reference.
Failed handshakes are counted and not logged: on a public address there are many, and none is ours to mend.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

from nightshift.proxy.access.tls import ServerTls

_SHUTDOWN_S = 5.0
"""Time for the other side to confirm that a connection ends."""
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_RETRY_S = 1.0
"""Time to wait when the system has no room for a connection, as asyncio's own server does."""

_log = logging.getLogger(__name__)


class TlsListener:
    """Serves on one listening socket until closed, with a protocol from `make` for each connection."""

    def __init__(
        self,
        sock: socket.socket,
        make: Callable[[], asyncio.BaseProtocol],
        tls: ServerTls,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._sock = sock
        self._make = make
        self._tls = tls
        self._loop = loop
        self._handshakes: dict[asyncio.Task[None], socket.socket] = {}
        """In order of their beginning."""
        self.failed = 0
        """Handshakes that came to nothing: refused by either side, or too slow."""
        self.displaced = 0
        """Handshakes that gave way to others."""
        sock.setblocking(False)
        self._accepting = loop.create_task(self._accept())

    @property
    def under_way(self) -> int:
        """Handshakes that are not finished."""
        return len(self._handshakes)

    def close(self) -> None:
        """Accept no more. Connections that are open stay so; handshakes under way are dropped."""
        self._accepting.cancel()
        for handshake, connection in self._handshakes.items():
            self._drop(handshake, connection)
        self._sock.close()

    async def wait_closed(self) -> None:
        """Wait until the handshakes that were dropped are over."""
        await asyncio.gather(self._accepting, *self._handshakes, return_exceptions=True)

    async def _accept(self) -> None:
        while True:
            try:
                connection, _ = await self._loop.sock_accept(self._sock)
            except ConnectionError:  # it was gone before it was accepted
                continue
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                _log.warning("no room for another connection: %s; trying again in %g s", error, _RETRY_S)
                await asyncio.sleep(_RETRY_S)
                continue
            if len(self._handshakes) >= self._tls.settings.handshakes:
                self._displace()
            handshake = self._loop.create_task(self._handshake(connection))
            self._handshakes[handshake] = connection
            handshake.add_done_callback(self._finished)

    def _displace(self) -> None:
        oldest = next(iter(self._handshakes))
        self._drop(oldest, self._handshakes.pop(oldest))
        self.displaced += 1

    @staticmethod
    def _drop(handshake: asyncio.Task[None], connection: socket.socket) -> None:
        handshake.cancel()
        connection.close()  # at once if it has not begun, else when the event loop has let go of it

    def _finished(self, handshake: asyncio.Task[None]) -> None:
        self._handshakes.pop(handshake, None)

    async def _handshake(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                self._make,
                connection,
                ssl=self._tls.context,
                ssl_handshake_timeout=self._tls.settings.handshake_s,
                ssl_shutdown_timeout=_SHUTDOWN_S,
            )
        except OSError:  # of TLS, of the connection, or of time
            self.failed += 1
            connection.close()
