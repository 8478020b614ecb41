"""A loop that was held up is seen to have been."""

import asyncio

import pytest

from nightshift.proxy.seen import loop_lag
from nightshift.proxy.seen.histogram import LOOP_LAG_S, Histogram
from nightshift.proxy.seen.loop_lag import LoopLag


def test_a_long_callback_is_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_lag, "INTERVAL_S", 0.002)

    async def scene() -> Histogram:
        loop, histogram = asyncio.get_running_loop(), Histogram(LOOP_LAG_S)
        lag = LoopLag(loop, histogram)
        lag.start()
        held_up_until = loop.time() + 0.03
        while loop.time() < held_up_until:
            pass
        while not histogram.total:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0)
        lag.stop()
        return histogram

    assert asyncio.run(scene()).total >= 0.02
