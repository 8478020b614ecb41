"""One direction of one connection: what goes in comes out later, in order, and no more than a window of it.

What travels is a call, `deliver(payload)`, with the size that it occupies. So data, the handshake, the
end of the stream and a reset share one queue, and none overtakes another.

- More bytes under way than the window pause the source; at half of it the source reads on. A destination
  that does not take its bytes stalls the pipe, which fills up, so the sender stalls as it would over TCP.
- While its lane is held (the link is cut), nothing comes out. Healing sends all that waits anew, as TCP
  would retransmit it: in order, each chunk with the whole delay before it.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from nightshift.wan.alarm import Ring
from nightshift.wan.delay import DelayLine
from nightshift.wan.lane import Lane

_Chunk = tuple[float, int, Callable[[Any], None], Any]  # due_s, size_bytes, deliver, payload
_P = TypeVar("_P")


class Waker(Protocol):
    """What a pipe needs of an alarm."""

    def clock(self) -> float:
        """Return the time in seconds."""

    def at(self, due_s: float, ring: Ring) -> None:
        """Call `ring(now)` once, at `due_s` or later."""


class Source(Protocol):
    """Where a pipe's bytes come from."""

    def pause(self) -> None:
        """Read no more for now."""

    def resume(self) -> None:
        """Read on."""


class Pipe:
    """A flow on `lane`, timed by `line`, woken by `alarm`."""

    __slots__ = (
        "_alarm",
        "_asked",
        "_closed",
        "_lane",
        "_line",
        "_paused",
        "_queue",
        "_source",
        "_stalled",
        "_urgent",
        "in_flight_bytes",
        "was_held",
    )

    def __init__(self, lane: Lane, line: DelayLine, alarm: Waker, source: Source) -> None:
        self._lane = lane
        self._line = line
        self._alarm = alarm
        self._source = source
        self._queue: deque[_Chunk] = deque()
        self._asked = False  # the alarm will ring for the first chunk
        self._stalled = False
        self._urgent = False
        self._paused = False
        self._closed = False
        self.in_flight_bytes = 0
        self.was_held = False  # something waited here while the link was cut
        lane.flows.add(self)

    def send(self, size_bytes: int, deliver: Callable[[_P], None], payload: _P) -> None:
        """Call `deliver(payload)` when `size_bytes` that set out now have arrived. Nothing once closed."""
        if self._closed:
            return
        now = self._alarm.clock()
        self._queue.append((self._line.due_s(now, size_bytes), size_bytes, deliver, payload))
        self.in_flight_bytes += size_bytes
        if not self._asked:
            self._deliver(now)
        if self.in_flight_bytes > self._lane.path.window_bytes and not self._paused:
            self._paused = True
            self._source.pause()

    def stall(self) -> None:
        """The destination takes no more for now."""
        self._stalled = not self._urgent

    def unstall(self) -> None:
        """The destination takes bytes again; what is overdue goes at once and does not count as late."""
        self._stalled = False
        if not self._asked:
            self._deliver(self._alarm.clock(), on_time=False)

    def ignore_stalls(self) -> None:
        """A reset is on its way: it must arrive, whether or not the destination takes bytes."""
        self._urgent = True
        self.unstall()

    def send_again(self) -> None:
        """The cut is healed: let all that waits set out now."""
        if not self._queue:
            return
        self.was_held = True
        now = self._alarm.clock()
        self._line.restart(now)
        self._queue = deque((self._line.due_s(now, chunk[1]), *chunk[1:]) for chunk in self._queue)
        if not self._asked:
            self._deliver(now)

    def close(self) -> None:
        """Drop what is under way and whatever is still sent; nobody is left to receive it."""
        self._closed = True
        self._queue.clear()
        self.in_flight_bytes = 0
        self._lane.flows.discard(self)
        self._read_on()

    def _ring(self, now: float) -> None:
        self._asked = False
        self._deliver(now)

    def _deliver(self, now: float, *, on_time: bool = True) -> None:
        """Hand over what is due, then ask to be woken for the next chunk."""
        lane, queue = self._lane, self._queue
        while queue and not lane.held and not self._stalled:
            due, size, deliver, payload = queue[0]
            if due > now:
                self._asked = True
                self._alarm.at(due, self._ring)
                break
            queue.popleft()
            if on_time:
                lane.lateness.record(now - due)
            if size:
                self.in_flight_bytes -= size
                lane.bytes += size
                lane.chunks += 1
            deliver(payload)
        if self.in_flight_bytes <= lane.path.window_bytes // 2:
            self._read_on()

    def _read_on(self) -> None:
        if self._paused:
            self._paused = False
            self._source.resume()
