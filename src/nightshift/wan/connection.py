"""One relayed TCP connection: the near end (the client's) and the far end (towards the target).

What costs a round trip on a real network costs one here. With d for one way:

- accepted at 0: the SYN reaches the target at d, which is when the relay connects to it; the SYN-ACK is
  back at 2 d, and only then do the client's bytes set out. So the first answer takes 2 RTT + service,
  later ones 1 RTT.
- a target that refuses: the client is reset at 2 d.
- the end of a stream (FIN) and a reset arrive one way later, behind the bytes sent before them.
  Half-closed connections stay open in the other direction.

The client's own `connect()` returns at once, as the kernel accepts for the relay; the cost is in its
first byte. A client that gave up while its connection hung in a cut must not reach the target
afterwards: on a real network its SYN would never have been answered.
"""

import asyncio
import select
import socket
import struct
import sys
from collections.abc import Callable
from typing import Protocol, cast

from nightshift.wan.delay import DelayLine
from nightshift.wan.lane import Lane
from nightshift.wan.pipe import Pipe, Waker

_LINGER_NONE = struct.pack("ii", 1, 0)  # close() sends RST instead of FIN: socket(7), SO_LINGER


class Host(Protocol):
    """What a connection needs of the link that it belongs to."""

    refusing: bool

    def connect(self, far: asyncio.Protocol, refused: Callable[[], None]) -> None:
        """Connect `far` to the target; call `refused` if that fails."""

    def forget(self, connection: "Connection") -> None:
        """Both ends of `connection` are gone."""


class End(asyncio.Protocol):
    """One end: what it reads goes into `out`, what arrives for it is written, with calls from `inward`."""

    out: Pipe
    inward: Pipe
    peer: "End"

    def __init__(self, made: Callable[[], None], lost: Callable[[], None], *, opened: bool) -> None:
        self._made = made
        self._on_lost = lost
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self.finished = False  # FIN was written to it
        self._ended = False  # FIN was read from it
        self._closing = False
        self._choked = False  # its kernel takes no more bytes
        self._opened = opened  # what is read may set out
        self._early: list[bytes] = []  # read before that

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)
        self._made()

    def data_received(self, data: bytes) -> None:
        """Send bytes on their way; before the handshake is done, keep them and read no more."""
        if self._opened:
            self.out.send(len(data), self.peer.write, data)
        else:
            self._early.append(data)
            self.pause()

    def eof_received(self) -> bool:
        """Send the end of the stream on its way; keep the other direction open."""
        self._ended = True
        if self._opened:
            self.out.send(0, self.peer.finish, None)
        return True

    def open(self) -> None:
        """The handshake is done: what was read before sets out now."""
        self._opened = True
        for data in self._early:
            self.data_received(data)
        if self._ended:
            self.eof_received()
        elif self._early:
            self.resume()
        self._early.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what is under way to here, and reset the peer unless both sides had finished."""
        self.lost = True
        self.inward.close()
        if not self._closing:
            self.out.ignore_stalls()
            self.out.send(0, self.peer.reset, None)
        self._on_lost()

    def pause_writing(self) -> None:
        """Keep bytes back in the pipe: the kernel has enough."""
        self._choked = True
        self.inward.stall()

    def resume_writing(self) -> None:
        """Take bytes again."""
        self._choked = False
        self.inward.unstall()

    def pause(self) -> None:
        """Read no more for now (back-pressure)."""
        if self.transport is not None and not self._ended and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.transport is not None and not self._ended and not self.transport.is_closing():
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Bytes from the peer have arrived."""
        if self.transport is not None:
            self.transport.write(data)

    def finish(self, _: None) -> None:
        """The peer's FIN has arrived."""
        if self.transport is None or self.transport.is_closing():
            return
        self.finished = True
        if self.peer.finished:
            self.close()
            self.peer.close()
        else:
            self.transport.write_eof()

    def close(self) -> None:
        """Close after what was written; both directions have ended."""
        self._closing = True
        if self.transport is not None:
            self.transport.close()

    def reset(self, _: None) -> None:
        """The peer's reset has arrived: reset this end too, behind the bytes already written if they fit."""
        if self._choked:
            self.abort()
        elif self.transport is not None and not self.transport.is_closing():
            _without_linger(self.transport)
            self.transport.close()

    def abort(self) -> None:
        """Reset this end at once, whatever was written."""
        if self.transport is not None:
            if not self.transport.is_closing():
                _without_linger(self.transport)
            self.transport.abort()


class Connection:
    """Joins the two ends by two pipes and plays the handshake."""

    def __init__(
        self, host: Host, forward: tuple[Lane, DelayLine], back: tuple[Lane, DelayLine], alarm: Waker
    ) -> None:
        self._host = host
        self.near = End(self._accepted, self._end_lost, opened=False)
        self.far = End(self._connected, self._end_lost, opened=True)
        self._forward = Pipe(*forward, alarm, self.near)
        self._back = Pipe(*back, alarm, self.far)
        self.near.out = self.far.inward = self._forward
        self.far.out = self.near.inward = self._back
        self.near.peer, self.far.peer = self.far, self.near

    def abort(self) -> None:
        """Reset both ends at once: the link broke, or the relay stops."""
        self.near.abort()
        self.far.abort()

    def _accepted(self) -> None:
        self._forward.send(0, self._syn_arrived, None)

    def _syn_arrived(self, _: None) -> None:
        if self._gave_up():
            self.near.reset(None)
        elif self._host.refusing:
            self._refused()
        else:
            self._host.connect(self.far, self._refused)

    def _refused(self) -> None:
        self._back.send(0, self.near.reset, None)

    def _connected(self) -> None:
        if self.near.lost:
            self.far.reset(None)
        else:
            self._back.send(0, self._syn_ack_arrived, None)

    def _syn_ack_arrived(self, _: None) -> None:
        if self._gave_up():
            self.near.reset(None)
        else:
            self.near.open()

    def _gave_up(self) -> bool:
        hung = self._forward.was_held or self._back.was_held
        return hung and self.near.transport is not None and _peer_has_closed(self.near.transport)

    def _end_lost(self) -> None:
        if self.near.lost and (self.far.lost or self.far.transport is None):
            self._forward.close()
            self._back.close()
            self._host.forget(self)


def _without_linger(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)


def _peer_has_closed(transport: asyncio.Transport) -> bool:
    """Say whether the peer sent FIN or RST, even with bytes before it that nobody has read (Linux only)."""
    if sys.platform != "linux":
        return False
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLRDHUP)
    return bool(poll.poll(0))
