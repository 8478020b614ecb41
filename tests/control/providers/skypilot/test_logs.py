"""What a unit's log shows while its machine is made, and afterwards."""

import asyncio
from pathlib import Path

import pytest
from tests.control.providers.skypilot import recorded
from tests.control.providers.skypilot.lives import ONE, Bench, story

from nightshift.control.providers.skypilot import logs

MAKING = f"making {ONE}\n".encode()


class CommandError(Exception):
    """SkyPilot's, by name: its server has no such log (yet)."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_POLL_S", 0.01)


async def read(bench: Bench) -> bytes:
    return b"".join([data async for data in bench.provider.logs("svc-r1", follow=False)])


@story
async def test_while_its_machine_is_made_the_log_is_that_of_its_launch(bench: Bench) -> None:
    await bench.begin()
    assert await read(bench) == MAKING
    await bench.finish("svc-r1")
    assert await read(bench) == b"log of svc-r1\n"


@story
async def test_a_followed_launch_goes_on_with_its_command(bench: Bench) -> None:
    await bench.begin()
    said = b""
    async for data in bench.provider.logs("svc-r1", follow=True):
        said += data
        if said == MAKING:
            await bench.finish("svc-r1")
        else:
            await bench.kill("svc-r1")
    assert said == MAKING + b"log of svc-r1\n"


@story
async def test_a_followed_launch_that_fails_ends_the_log(bench: Bench) -> None:
    await bench.begin()
    said = b""
    async for data in bench.provider.logs("svc-r1", follow=True):
        said += data
        bench.sky.fail(ONE, ValueError("Invalid image"), gone=False)
    assert said == MAKING
    await bench.provider.terminate("svc-r1", 0)
    assert await read(bench) == MAKING


@story
async def test_the_log_of_a_launch_outlives_its_cluster(bench: Bench) -> None:
    await bench.begin()
    bench.sky.fail(ONE, ValueError("Invalid image"), gone=True)
    assert await read(bench) == MAKING
    await bench.provider.terminate("svc-r1", 0)
    assert await read(bench) == MAKING


@story
async def test_a_launch_without_a_log_has_an_empty_one(bench: Bench) -> None:
    await bench.begin()
    bench.sky.broken = {"tail_provision_logs": CommandError("404")}
    assert await read(bench) == b""


def test_an_older_skypilot_has_no_log_of_a_launch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(recorded._Sdk, "tail_provision_logs")

    async def life() -> None:
        await bench.begin()
        assert await read(bench) == b""

    asyncio.run(life())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
