"""The run's clock shows emulated seconds since the common start."""

import asyncio
import time

import pytest

from nightshift.bench.client.run_clock import RunClock


def test_runs_at_the_speed_of_the_fleet() -> None:
    started = time.monotonic()
    clock = RunClock(start_at=started - 10, speed=4.0)
    assert clock.now() >= 40.0
    assert clock.now() <= (time.monotonic() - started + 10) * 4


def test_is_negative_before_the_start() -> None:
    assert RunClock(start_at=time.monotonic() + 100).now() < 0


@pytest.mark.parametrize("ahead_s", [-5.0, 2.0])
def test_sleeps_until_it_shows_the_time(ahead_s: float) -> None:
    clock = RunClock(start_at=time.monotonic(), speed=100.0)
    when = clock.now() + ahead_s
    asyncio.run(clock.sleep_until(when))
    assert clock.now() >= when - 0.2  # the loop's timers are rounded to its clock's resolution
