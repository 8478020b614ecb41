"""Clients as processes of this machine: real ones, whose work is a short program."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from nightshift.bench.script.clients.base import Job, JobState
from nightshift.bench.script.clients.job import files_of
from nightshift.bench.script.clients.local import LocalClients
from nightshift.control.providers.base import ProviderError

HERE = "us-east-2"
_UNDER_WAY = (JobState.PENDING, JobState.RUNNING)


@pytest.fixture
def clients(tmp_path: Path) -> LocalClients:
    return LocalClients("llmc", tmp_path)


def job(name: str = "j", *, port: int = 1) -> Job:
    return Job(name, HERE, 0.0, 0.0, (f"--endpoint=127.0.0.1:{port}", "--duration=1", "--num-conv=2"))


async def ended(clients: LocalClients, name: str = "j") -> JobState:
    async with asyncio.timeout(60):
        while (state := await clients.state(HERE, name)) in _UNDER_WAY:  # noqa: ASYNC110 - as its users do
            await asyncio.sleep(0.02)
    return state


def story(test: Callable[[LocalClients], Awaitable[None]]) -> Callable[[LocalClients], None]:
    def run(clients: LocalClients) -> None:
        async def whole() -> None:
            await clients.up(HERE, reload=False)
            try:
                await test(clients)
            finally:
                await clients.down(HERE)

        asyncio.run(whole())

    return run


@story
async def test_a_job_that_cannot_ask_has_failed_and_says_why(clients: LocalClients) -> None:
    assert await clients.state(HERE, "j") is JobState.ABSENT
    await clients.submit(job())
    assert await ended(clients) is JobState.FAILED
    assert "is the service up?" in await clients.log(HERE, "j")


@story
async def test_a_job_may_be_submitted_again(clients: LocalClients) -> None:
    await clients.submit(job())
    await ended(clients)
    await clients.submit(job())
    assert await ended(clients) is JobState.FAILED
    assert (await clients.log(HERE, "j")).count("is the service up?") == 2


@story
async def test_what_was_never_submitted_has_nothing_to_copy(clients: LocalClients) -> None:
    with pytest.raises(ProviderError, match="cannot copy what j in us-east-2 has written"):
        await clients.fetch(HERE, "j", Path(os.devnull))


def test_down_leaves_nothing(clients: LocalClients, tmp_path: Path) -> None:
    async def whole() -> None:
        for region in (HERE, "ap-northeast-1"):
            await clients.up(region, reload=False)
        await clients.submit(job())
        await clients.down(HERE)
        assert await clients.state(HERE, "j") is JobState.ABSENT
        await clients.down("ap-northeast-1")
        await clients.down("ap-northeast-1")

    asyncio.run(whole())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_account_is_what_makes_a_job_a_success(clients: LocalClients, tmp_path: Path) -> None:
    folder = tmp_path / "jobs" / "llmc" / HERE / "j"
    folder.mkdir(parents=True)
    (folder / files_of(HERE)[1]).write_text("{}")
    assert asyncio.run(clients.state(HERE, "j")) is JobState.SUCCEEDED
    asyncio.run(clients.fetch(HERE, "j", tmp_path / "copy"))
    assert (tmp_path / "copy" / files_of(HERE)[1]).exists()
