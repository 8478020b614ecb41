"""Starting, stopping, and the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.proxy.conftest import Play, World


def test_stopping_ends_everything(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        _, queued, streaming = [await balancer.connect() for _ in range(3)]
        streaming.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        await streaming.head()
        engine.page = engine.page.replace("waiting 0", "waiting 1")
        await balancer.until(lambda s: not s["replica"]["here-0"]["available"])
        queued.chat()
        await balancer.until(lambda s: s["queue"] == 1)
        await balancer.server.stop()
        assert balancer.server.dispatcher.in_progress == 0
        for connection in engine.connections:
            await connection.lost.wait()

    play(scene)


def test_the_clock_moves_within_a_turn_of_the_loop(play: Play) -> None:
    """The loop's own would not; round trips on a LAN would all be zero."""

    async def scene(world: World) -> None:
        now = (await world.balancer()).server.dispatcher.now
        start = now()
        while not 0 < now() - start < 0.001:
            start = now()

    play(scene)
