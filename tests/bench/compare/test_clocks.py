"""The offset of a server's clock from the dates in its answers."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.bench.compare import clocks
from nightshift.bench.compare.clocks import Offset, offsets_of, warnings_of
from nightshift.processes import address_of, bind


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e4, 1e4), st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1)), min_size=1, max_size=8))
def test_the_true_offset_is_always_within(ahead_s: float, answers: list[tuple[float, float]]) -> None:
    offset = Offset(float("-inf"), float("inf"))
    for asked_at, way_s in answers:
        there = asked_at + way_s / 2 + ahead_s
        offset = offset.narrowed(asked_at, asked_at + way_s, float(there // 1))
    assert offset.low_s - 1e-6 <= ahead_s <= offset.high_s + 1e-6
    assert offset.least_s <= abs(ahead_s) + 1e-6


def test_a_clock_that_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "_APART_S", 0.0)

    async def answer(request: web.Request) -> web.Response:
        wrong = datetime.now(UTC) + timedelta(seconds=90)
        return web.Response(headers={"date": format_datetime(wrong, usegmt=True)})

    async def measured() -> dict[str, Offset | None]:
        app = web.Application()
        app.router.add_get("/v1/models", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        sock = bind("127.0.0.1", 0)
        await web.SockSite(runner, sock).start()
        try:
            return await offsets_of({"us-east-2": address_of(sock), "nowhere": "127.0.0.1:1"})
        finally:
            await runner.cleanup()

    found = asyncio.run(measured())
    assert found["nowhere"] is None
    offset = found["us-east-2"]
    assert offset is not None
    assert offset.low_s <= 90 <= offset.high_s
    (warning,) = warnings_of(found)
    assert "us-east-2" in warning
