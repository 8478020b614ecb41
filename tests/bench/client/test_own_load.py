"""The client's own load is measured, not assumed."""

import asyncio
import time

from nightshift.bench.client.own_load import OwnLoad
from nightshift.bench.client.run_clock import RunClock

CLOCK = RunClock(start_at=0.0, speed=3.0)


async def watched(block_s: float) -> OwnLoad:
    load = OwnLoad()
    watching = asyncio.get_running_loop().create_task(load.watch())
    await asyncio.sleep(0)
    until = time.process_time() + block_s
    while time.process_time() < until:
        pass
    await asyncio.sleep(0.05)
    watching.cancel()
    return load


def test_a_blocked_loop_shows_as_lag_in_emulated_seconds() -> None:
    load = asyncio.run(watched(block_s=0.1))
    # The first timer was for 20 ms and fired 80 ms late or more: 0.24 emulated seconds.
    assert load.lag_p99_s(CLOCK) >= 0.08 * 3 * 0.9


def test_work_shows_as_cpu_share() -> None:
    assert asyncio.run(watched(block_s=0.1)).cpu_share() > 0.0


def test_nothing_measured_is_no_lag() -> None:
    assert OwnLoad().lag_p99_s(CLOCK) == 0.0
