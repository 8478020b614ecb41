"""A ticker on a loop whose clock the test moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nightshift.proxy.ticker import SUSPENDED_S, Ticker


class Loop:
    """Timers in virtual time."""

    def __init__(self) -> None:
        self.now = 10.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Any:
        self.timers.append((when, callback))

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        self.call_at(self.now + delay, callback)

    def ring(self, late_s: float = 0.0) -> None:
        """The next timer rings, so late."""
        self.timers.sort(key=lambda timer: timer[0])
        when, callback = self.timers.pop(0)
        self.now = max(self.now, when + late_s)
        callback()


def started() -> tuple[Loop, list[float]]:
    loop, ticks = Loop(), list[float]()
    any_loop: Any = loop
    Ticker(any_loop, 0.1, lambda: ticks.append(loop.now)).start()
    return loop, ticks


def test_it_ticks_at_once_and_at_each_interval_without_drift() -> None:
    loop, ticks = started()
    for _ in range(3):
        loop.ring(late_s=0.01)
    assert [round(tick, 6) for tick in ticks] == [10.0, 10.11, 10.21, 10.31]


def test_a_late_tick_delays_the_next_and_is_not_made_up() -> None:
    loop, ticks = started()
    loop.ring(late_s=0.5)
    loop.ring()
    assert len(ticks) == 3
    assert len(loop.timers) == 1


def test_after_the_process_was_stopped_what_came_meanwhile_is_read_first() -> None:
    loop, ticks = started()
    loop.ring(late_s=30.0)
    woke = loop.now
    assert ticks == [10.0]
    loop.ring()
    assert woke < ticks[-1] < woke + 0.1


def test_a_loop_that_is_late_every_time_ticks_all_the_same() -> None:
    loop, ticks = started()
    for _ in range(6):
        loop.ring(late_s=SUSPENDED_S * 2)
    assert len(ticks) == 1 + 3
