"""Getting one request to one target and its response back: one delivery.

A connection from the pool may have been closed by the target a moment ago (llama.cpp does so after many a
streamed answer): if it ends before any byte of a response, the request is sent once more on a connection that
is opened for it. Failing to connect means that nothing was done there, and the request may go elsewhere.
Losing a fresh connection, or losing one amid a response, is the receiver's to explain to the client.
"""

import asyncio
from typing import Protocol

from nightshift.proxy.pool import OURS
from nightshift.proxy.response_head import ResponseHead
from nightshift.proxy.upstream import Delivering, Upstream


class Connections(Protocol):
    """Where connections to the target come from: `pool.Pool`."""

    def take(self) -> Upstream | None:
        """Return an open connection that nobody uses, if there is one."""

    def connect(self, delivery: Delivering) -> tuple[Upstream, "asyncio.Task[OSError | None]"]:
        """Begin to open a connection for `delivery`."""


class Recipient(Protocol):
    """Who gets the response."""

    def response_head(self, head: ResponseHead) -> None:
        """The response begins."""

    def response_body(self, data: bytes) -> None:
        """A piece of the body came."""

    def response_chunk(self, block: bytes, start: int) -> None:
        """In place of `response_body`: see `upstream.Delivering.chunk`."""

    def response_complete(self) -> None:
        """The response is whole."""

    def response_whole(self, head: ResponseHead, data: bytes) -> None:
        """In place of the three above: see `upstream.Delivering.whole`."""

    def response_lost(self, reason: str) -> None:
        """There will be no more of the response."""

    def undelivered(self, reason: str, *, ours: bool = False) -> None:
        """The target could not be reached; it knows nothing of the request. See `pool.OURS`."""


class Delivery:
    """See the head of the file. Ends by one of the recipient's last four methods, or by `cancel`."""

    __slots__ = (
        "_connecting",
        "_connection",
        "_fresh",
        "_payload",
        "_pool",
        "_recipient",
        "blocks",
        "head_only",
    )

    def __init__(
        self, pool: Connections, payload: bytes, recipient: Recipient, *, head_only: bool = False
    ) -> None:
        self.head_only = head_only
        self.blocks = 0
        """Blocks of the body received: how far it has come."""
        self._pool = pool
        self._payload = payload
        self._recipient: Recipient | None = recipient
        self._connection: Upstream | None = None
        self._connecting: asyncio.Task[OSError | None] | None = None
        self._fresh = False

    def start(self) -> None:
        """Send the request."""
        self._connection = self._pool.take()
        if self._connection is None:
            self._connect()
        else:
            self._connection.send(self, self._payload)

    def cancel(self) -> None:
        """Nobody wants the response any more: drop the connection, which makes an engine stop."""
        self._recipient = None
        self._payload = b""
        connection, self._connection = self._connection, None
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if connection is not None:
            connection.abort()

    def pause(self) -> None:
        """Stop reading the response."""
        if self._connection is not None:
            self._connection.pause()

    def resume(self) -> None:
        """Read on."""
        if self._connection is not None:
            self._connection.resume()

    def _connect(self) -> None:
        self._fresh = True
        self._connection, self._connecting = self._pool.connect(self)
        self._connecting.add_done_callback(self._connect_ended)

    def _connect_ended(self, task: "asyncio.Task[OSError | None]") -> None:
        self._connecting = None
        if task.cancelled():
            return
        error = task.result()
        recipient = self._recipient
        if error is not None and recipient is not None:
            self._over()
            recipient.undelivered(str(error), ours=error.errno in OURS)

    def _over(self) -> None:
        self._recipient = None
        self._connection = None
        # The response may be whole before the task that connected is: to cancel that then would close a
        # connection which others use by now.
        self._connecting = None
        self._payload = b""

    # Called by the connection; see `upstream.Delivering`

    def connected(self, connection: Upstream) -> None:
        """The request goes out."""
        connection.send(self, self._payload)

    def head(self, head: ResponseHead) -> None:
        """The response begins; the request will not be sent again from here."""
        self._payload = b""
        if self._recipient is not None:
            self._recipient.response_head(head)

    def body(self, data: bytes) -> None:
        """Pass a piece of the body on."""
        self.blocks += 1
        if self._recipient is not None:
            self._recipient.response_body(data)

    def chunk(self, block: bytes, start: int) -> None:
        """Pass a piece of the body on that is framed already."""
        self.blocks += 1
        if self._recipient is not None:
            self._recipient.response_chunk(block, start)

    def complete(self) -> None:
        """The response is whole."""
        recipient = self._recipient
        self._over()
        if recipient is not None:
            recipient.response_complete()

    def whole(self, head: ResponseHead, data: bytes) -> None:
        """The response is here, all of it at once."""
        self.blocks += 1
        recipient = self._recipient
        self._over()
        if recipient is not None:
            recipient.response_whole(head, data)

    def lost(self, reason: str, *, anything_received: bool) -> None:
        """The connection ended too early."""
        recipient = self._recipient
        if recipient is None:
            return
        if not self._fresh and not anything_received:
            self._connect()
            return
        self._over()
        recipient.response_lost(reason)
