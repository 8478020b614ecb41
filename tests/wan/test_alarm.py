import asyncio
import sys
import time
from collections.abc import Callable

import pytest
import uvloop

from nightshift.wan.alarm import Alarm


async def _rings(delays_s: list[float], alarm: Alarm) -> list[tuple[float, float]]:
    """Ask for all rings at once; return (due, now) of each, in the order in which they rang."""
    rang: list[tuple[float, float]] = []
    done = asyncio.Event()

    def note(due: float) -> Callable[[float], None]:
        def ring(now: float) -> None:
            rang.append((due, now))
            if len(rang) == len(delays_s):
                done.set()

        return ring

    start = alarm.clock()
    for delay_s in delays_s:
        alarm.at(start + delay_s, note(start + delay_s))
    async with asyncio.timeout(5):
        await done.wait()
    alarm.close()
    return rang


def _check(rang: list[tuple[float, float]]) -> None:
    assert [due for due, _ in rang] == sorted(due for due, _ in rang)
    assert all(now >= due for due, now in rang)


def test_rings_in_order_of_time_and_never_early() -> None:
    async def main() -> None:
        alarm = Alarm(asyncio.get_running_loop(), time.monotonic)
        _check(await _rings([0.03, 0.0, 0.0101, 0.02, -1.0, 0.0202], alarm))

    uvloop.run(main())


def test_without_a_timerfd_the_loops_timer_is_never_early_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "other")

    async def main() -> None:
        _check(await _rings([0.013, 0.0, 0.0071], Alarm(asyncio.get_running_loop(), time.monotonic)))

    uvloop.run(main())


def test_a_ring_may_ask_for_the_next_one() -> None:
    async def main() -> None:
        alarm = Alarm(asyncio.get_running_loop(), time.monotonic)
        done = asyncio.Event()

        def first(now: float) -> None:
            alarm.at(now + 0.005, lambda later: done.set() if later >= now + 0.005 else None)

        alarm.at(alarm.clock() + 0.005, first)
        async with asyncio.timeout(5):
            await done.wait()
        alarm.close()

    uvloop.run(main())


def test_a_closed_alarm_does_not_ring() -> None:
    async def main() -> None:
        alarm = Alarm(asyncio.get_running_loop(), time.monotonic)
        rang: list[float] = []
        alarm.at(alarm.clock() + 0.001, rang.append)
        alarm.close()
        await asyncio.sleep(0.01)
        assert rang == []

    uvloop.run(main())
