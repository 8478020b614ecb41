"""The connections to one target: those idle are used again, the latest first."""

import asyncio
import errno
from typing import Final

from nightshift.proxy.endpoint import Endpoint
from nightshift.proxy.limits import Limits
from nightshift.proxy.ticker import SUSPENDED_S
from nightshift.proxy.upstream import Delivering, Upstream

OURS: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
"""Errors of connecting that say what this process lacks, and nothing of the target."""


class Pool:
    """See the head of the file."""

    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self.endpoint = endpoint
        self._loop = loop
        self.limits = limits
        """May be replaced: a connection that is open keeps those that it began with."""
        self._idle: list[Upstream] = []
        self._closed = False

    @property
    def idle(self) -> int:
        """Connections that wait for a request."""
        return len(self._idle)

    def take(self) -> Upstream | None:
        """Return an open connection that nobody uses, if there is one. It may turn out to be stale."""
        while self._idle:
            connection = self._idle.pop()
            if connection.transport is not None and not connection.transport.is_closing():
                return connection
        return None

    def connect(self, delivery: Delivering) -> "tuple[Upstream, asyncio.Task[OSError | None]]":
        """Begin to open a connection for `delivery`, which is told when it is open.

        The task's result is None then, and the error when the target cannot be reached.
        """
        connection = Upstream(self, delivery, self.limits)
        return connection, self._loop.create_task(self._open(connection))

    async def _open(self, connection: Upstream) -> OSError | None:
        """Try once more if the time passed while this process was stopped: nobody was given it."""
        began = self._loop.time()
        error = await self._try(connection)
        if (
            isinstance(error, TimeoutError)
            and self._loop.time() - began > self.limits.connect_s + SUSPENDED_S
        ):
            error = await self._try(connection)
        return error

    async def _try(self, connection: Upstream) -> OSError | None:
        (host, port), tls = self.endpoint.address, self.endpoint.tls
        name = None if tls is None else host
        try:
            async with asyncio.timeout(self.limits.connect_s):
                await self._loop.create_connection(
                    lambda: connection, host, port, ssl=tls, server_hostname=name
                )
        except OSError as error:  # TimeoutError is one
            if connection.opened:  # at the last moment: then the request is on its way
                return None
            return error if str(error) else TimeoutError(f"no connection within {self.limits.connect_s} s")
        return None

    def release(self, connection: Upstream) -> None:
        """See `upstream.Home`."""
        if self._closed or len(self._idle) >= self.limits.idle_connections:
            connection.abort()
        else:
            self._idle.append(connection)

    def forget(self, connection: Upstream) -> None:
        """See `upstream.Home`."""
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Close what is idle; what is in use closes when its request is over."""
        self._closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.abort()
