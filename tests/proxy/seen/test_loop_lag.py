"""A loop that was held up is seen to have been."""

import asyncio
from collections.abc import Sequence

import pytest

from nightshift.proxy.seen import loop_lag
from nightshift.proxy.seen.histogram import LOOP_LAG_S, Histogram
from nightshift.proxy.seen.loop_lag import LoopLag


class Watched(Histogram):
    def __init__(self, bounds: Sequence[float]) -> None:
        super().__init__(bounds)
        self.observed = asyncio.Event()

    def add(self, value: float) -> None:
        super().add(value)
        self.observed.set()


def test_a_long_callback_is_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_lag, "INTERVAL_S", 0.002)

    async def scene() -> Histogram:
        loop, histogram = asyncio.get_running_loop(), Watched(LOOP_LAG_S)
        lag = LoopLag(loop, histogram)
        lag.start()
        held_up_until = loop.time() + 0.03
        while loop.time() < held_up_until:
            pass
        await histogram.observed.wait()
        lag.stop()
        return histogram

    assert asyncio.run(scene()).total >= 0.02
