"""Waiting for jobs."""

import asyncio
from pathlib import Path

import pytest
from tests.bench.script.clients.stand_in import StandIn

from nightshift.bench.script.clients.base import JobState
from nightshift.bench.script.clients.waiting import JobFailedError, until_succeeded
from nightshift.control.providers.base import ProviderError

RUNNING, DONE = JobState.RUNNING, JobState.SUCCEEDED


def wait(clients: StandIn, *regions: str, timeout_s: float = 30) -> list[str]:
    said: list[str] = []
    jobs = [(region, "job") for region in regions or ("here",)]
    asyncio.run(until_succeeded(clients, jobs, timeout_s, said.append))
    return said


def test_it_ends_when_all_have_succeeded_and_tells_what_changes(tmp_path: Path) -> None:
    clients = StandIn(tmp_path, JobState.PENDING, RUNNING, RUNNING, RUNNING, DONE, RUNNING, DONE)
    assert wait(clients, "a", "b") == [
        "1 PENDING, 1 RUNNING",
        "2 RUNNING",
        "1 RUNNING, 1 SUCCEEDED",
        "2 SUCCEEDED",
    ]


def test_one_that_fails_ends_it_with_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match=r"job in b has failed; its log ends:\n.*\n    last line of b"):
        wait(StandIn(tmp_path, RUNNING, JobState.FAILED), "a", "b")


def test_one_that_was_never_submitted_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match="has no job job; submit it first"):
        wait(StandIn(tmp_path, JobState.ABSENT))


def test_a_queue_that_does_not_answer_at_once_is_asked_again(tmp_path: Path) -> None:
    clients = StandIn(tmp_path, DONE)
    clients.broken = 3
    assert wait(clients) == ["1 SUCCEEDED"]
    clients.broken = 4
    with pytest.raises(ProviderError, match="does not answer"):
        wait(clients)


def test_one_that_hangs_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match=r"not all jobs ended within 0.05 s \(1 RUNNING\)"):
        wait(StandIn(tmp_path, RUNNING), timeout_s=0.05)
