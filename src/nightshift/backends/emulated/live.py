"""The engine by the event loop's clock: one timer for each step of the whole batch.

A step begins when the one before it was due to end, not when its timer fired, so that a busy machine
delays tokens but does not slow the engine down; only when a whole step was lost does the clock start
again from now.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from nightshift.engine.engine import Engine, Token
from nightshift.engine.profiles import DeviceProfile
from nightshift.engine.request import EngineRequest
from nightshift.engine.stats import EngineStats


class Timers(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float:
        """Return the loop's clock, seconds."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> asyncio.Handle:
        """Call back at that time."""

    def call_soon(self, callback: Callable[[], object], /) -> asyncio.Handle:
        """Call back in the loop's next round."""


class Receiver(Protocol):
    """Where the tokens of one request go."""

    def receive(self, token: Token) -> None:
        """Take a token. Called from the step's timer: must be quick and must not raise."""


class LiveEngine:
    """Drives one engine; `speed` divides the time of each step."""

    def __init__(self, profile: DeviceProfile, *, speed: float, loop: Timers) -> None:
        self._engine = Engine(profile)
        self._seconds_per_ns = 1e-9 / speed
        self._loop = loop
        self._receivers: dict[str, Receiver] = {}
        self._timer: asyncio.Handle | None = None
        self._due_s = 0.0

    def check(self, request: EngineRequest) -> None:
        """Raise if `submit` would, as `Engine.check` does."""
        self._engine.check(request)

    def submit(self, request: EngineRequest, receiver: Receiver) -> None:
        """Queue a request; raises as `check` does."""
        self._engine.submit(request)
        self._receivers[request.id] = receiver
        if self._timer is None:
            self._due_s = self._loop.time()
            # Not at once: what arrives in the same moment shares the first step.
            self._timer = self._loop.call_soon(self._begin)

    def abort(self, request_id: str) -> None:
        """Drop a request, if it is still there; nothing more is received for it."""
        if self._receivers.pop(request_id, None) is not None:
            self._engine.abort(request_id)

    def stats(self) -> EngineStats:
        """Return what the engine reports of itself."""
        return self._engine.stats()

    def stop(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        step = self._engine.begin_step()
        if step is None:
            self._timer = None
            return
        duration_s = step.duration_ns(1) * self._seconds_per_ns
        self._due_s = max(self._due_s, self._loop.time() - duration_s) + duration_s
        self._timer = self._loop.call_at(self._due_s, self._end)

    def _end(self) -> None:
        receivers = self._receivers
        for token in self._engine.end_step():
            receiver = receivers.pop(token.request_id) if token.finished else receivers[token.request_id]
            receiver.receive(token)
        self._begin()
