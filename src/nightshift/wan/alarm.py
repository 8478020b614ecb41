"""One timer for all pipes of a process, finer than an event loop's.

uvloop's timers count whole milliseconds of a clock that it reads once an iteration: measured here, a
7.5 ms timer rang up to 1.3 ms early, which a WAN must never be. A timerfd (Linux) rings within about
0.1 ms and never early. Callers are kept in a heap, so that only the earliest one costs a system call.
Elsewhere than on Linux the loop's timer is used, and rings again until the time has come.

Times are those of `clock`, which must be CLOCK_MONOTONIC in seconds (`time.monotonic`).
"""

import asyncio
import contextlib
import ctypes
import heapq
import itertools
import math
import os
import sys
from collections.abc import Callable
from typing import Protocol

Clock = Callable[[], float]
Ring = Callable[[float], None]

_CLOCK_MONOTONIC = 1  # linux/time.h
_TFD_TIMER_ABSTIME = 1  # linux/timerfd.h


class _Timer(Protocol):
    def set(self, due_s: float) -> None: ...
    def close(self) -> None: ...


class Alarm:
    """Calls `ring(now)` once for each `at(due, ring)`, at `due` or as soon after as the machine allows."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Ring]] = []
        self._order = itertools.count()
        self._set_for_s = math.inf
        self._ringing = False
        kind = _TimerFd if sys.platform == "linux" else _LoopTimer
        self._timer: _Timer = kind(loop, clock, self._ring)

    def clock(self) -> float:
        """Return the time in seconds."""
        return self._clock()

    def at(self, due_s: float, ring: Ring) -> None:
        """Ring at `due_s`. There is no cancelling: a caller that lost interest ignores the ring."""
        heapq.heappush(self._heap, (due_s, next(self._order), ring))
        if due_s < self._set_for_s and not self._ringing:
            self._set_for_s = due_s
            self._timer.set(due_s)

    def close(self) -> None:
        """Free the timer; nothing rings any more."""
        self._heap.clear()
        self._timer.close()

    def _ring(self) -> None:
        heap = self._heap
        self._ringing = True
        try:
            while heap and heap[0][0] <= (now := self._clock()):
                heapq.heappop(heap)[2](now)
        finally:
            self._ringing = False
            self._set_for_s = heap[0][0] if heap else math.inf
            if heap:
                self._timer.set(self._set_for_s)


class _TimerFd:
    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, ring: Callable[[], None]) -> None:
        self._loop, self._ring = loop, ring
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._settime = libc.timerfd_settime
        self._settime.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        # struct itimerspec: interval (s, ns), value (s, ns). No interval: it rings once.
        self._spec = (ctypes.c_long * 4)()
        self._spec_address = ctypes.addressof(self._spec)
        loop.add_reader(self._fd, self._readable)

    def set(self, due_s: float) -> None:
        spec = self._spec
        # Rounded up: not a nanosecond early. At least 1 ns, as zero would disarm the timer.
        spec[2], spec[3] = divmod(max(math.ceil(due_s * 1e9), 1), 1_000_000_000)
        self._settime(self._fd, _TFD_TIMER_ABSTIME, self._spec_address, None)

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):  # set anew between the event and this call
            os.read(self._fd, 8)
        self._ring()


class _LoopTimer:
    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, ring: Callable[[], None]) -> None:
        self._loop, self._clock, self._ring = loop, clock, ring
        self._handle: asyncio.TimerHandle | None = None

    def set(self, due_s: float) -> None:
        self.close()
        wait_s = math.ceil(max(due_s - self._clock(), 0) * 1000) / 1000
        self._handle = self._loop.call_later(wait_s, self._ring)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
