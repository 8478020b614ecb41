"""The live engine's clock, on a clock of the test's."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from nightshift.backends.emulated.live import LiveEngine
from nightshift.engine.engine import Token
from nightshift.engine.profiles import PROFILES
from nightshift.engine.request import EngineRequest, make_request

L4 = PROFILES["l4-llama-3.1-8b"]


class FakeHandle(asyncio.Handle):
    def __init__(self) -> None:
        """Nothing to cancel."""


class FakeLoop:
    """Time passes only from timer to timer; each fires `late_s` after it was due."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.late_s = 0.0
        self._timer: tuple[float, Callable[[], object]] | None = None

    def time(self) -> float:
        return self.now_s

    def call_at(self, when: float, callback: Callable[[], object], /) -> asyncio.Handle:
        self._timer = (when, callback)
        return FakeHandle()

    def call_soon(self, callback: Callable[[], object], /) -> asyncio.Handle:
        return self.call_at(self.now_s, callback)

    def run(self) -> None:
        while self._timer is not None:
            (when, callback), self._timer = self._timer, None
            self.now_s = max(self.now_s, when + self.late_s)
            callback()


class Recorder:
    def __init__(self, loop: FakeLoop) -> None:
        self._loop = loop
        self.tokens: list[tuple[float, Token]] = []

    def receive(self, token: Token) -> None:
        self.tokens.append((self._loop.now_s - 100.0, token))


def ask(name: str, tokens: int) -> EngineRequest:
    return make_request(name, b"p" * 400, max_tokens=tokens, ignore_eos=True)


def test_tokens_come_when_the_device_would_have_them() -> None:
    loop = FakeLoop()
    engine = LiveEngine(L4, speed=1.0, loop=loop)
    recorder = Recorder(loop)
    engine.submit(ask("a", 3), recorder)
    loop.run()
    first = 0.061 + 0.021 + 0.0001
    second = first + 0.0611 + 100 * 0.55e-6
    assert [at for at, _ in recorder.tokens][:2] == pytest.approx([first, second])
    assert [token.position for _, token in recorder.tokens] == [1, 2, 3]


def test_speed_divides_time() -> None:
    ends = []
    for speed in (1.0, 4.0):
        loop = FakeLoop()
        engine = LiveEngine(L4, speed=speed, loop=loop)
        recorder = Recorder(loop)
        engine.submit(ask("a", 20), recorder)
        loop.run()
        ends.append(recorder.tokens[-1][0])
    assert ends[0] == pytest.approx(4 * ends[1])


def test_late_timers_do_not_add_up() -> None:
    loop = FakeLoop()
    loop.late_s = 0.02
    engine = LiveEngine(L4, speed=1.0, loop=loop)
    recorder = Recorder(loop)
    engine.submit(ask("a", 101), recorder)
    loop.run()
    hundred_steps = 100 * 0.0611 + (100 * 100 + 100 * 99 / 2) * 0.55e-6
    assert recorder.tokens[-1][0] - recorder.tokens[0][0] == pytest.approx(hundred_steps, abs=1e-6)


def test_after_a_lost_step_the_clock_starts_again() -> None:
    loop = FakeLoop()
    engine = LiveEngine(L4, speed=1.0, loop=loop)
    recorder = Recorder(loop)
    engine.submit(ask("a", 3), recorder)
    loop.late_s = 10.0
    loop.run()
    times = [at for at, _ in recorder.tokens]
    # The step after a loss of ten seconds is due at once, and the one after it in its time.
    assert all(later - earlier >= 9.9 for earlier, later in pairwise(times))


def test_an_aborted_request_receives_nothing_more() -> None:
    loop = FakeLoop()
    engine = LiveEngine(L4, speed=1.0, loop=loop)
    gone, stays = Recorder(loop), Recorder(loop)
    engine.submit(ask("gone", 5), gone)
    engine.submit(ask("stays", 5), stays)
    engine.abort("gone")
    loop.run()
    assert gone.tokens == []
    assert stays.tokens[-1][1].finished
    assert engine.stats().running == 0
