"""A region's run: starts, records everything, ends on time or on a signal."""

import asyncio
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from nightshift.bench.client import ClientSettings, ClientSummary, run_client
from nightshift.bench.client.run import Tally
from nightshift.bench.records import RequestRecord
from nightshift.errors import UserError

SPEED = 20.0


def run(
    kit: Any, workload: Any, answer: Any, **settings: Any
) -> tuple[ClientSummary, list[RequestRecord], Any, list[dict[str, object]]]:
    async def main() -> tuple[ClientSummary, Any]:
        async with kit.serve(answer) as server:
            wanted = ClientSettings("us", server.url, speed=SPEED, **settings)
            summary = await run_client(wanted, workload, write=records.append, progress=lines.append)
        return summary, server

    records: list[RequestRecord] = []
    lines: list[dict[str, object]] = []
    summary, server = asyncio.run(main())
    return summary, records, server, lines


FOREVER_S = 1e6  # the runs that have it are stopped by their server


def test_closed_loop_with_the_answer_in_the_history(kit: Any, two_turns: Any) -> None:
    summary, records, server, _ = run(kit, two_turns(duration_s=FOREVER_S), kit.stopping_after(12))
    assert summary.requests == len(records) >= 12
    assert summary.failed == 0
    second = next(body for body in server.bodies if len(body["messages"]) > 1)
    assert [message["content"] for message in second["messages"]] == ["Hi there", "Good morning.", "Why?"]


def test_a_user_has_one_request_at_a_time(kit: Any, two_turns: Any) -> None:
    workload = two_turns(users_per_region=1, duration_s=FOREVER_S)
    _, records, _, _ = run(kit, workload, kit.stopping_after(9))
    assert [record.turn for record in records[:4]] == [0, 1, 0, 1]
    for earlier, later in pairwise(records):
        assert earlier.end <= later.start


def test_times_are_emulated_and_within_the_run(kit: Any, two_turns: Any) -> None:
    summary, records, _, _ = run(kit, two_turns(duration_s=4.0), kit.whole, ramp_s=1.0)
    assert summary.elapsed_s >= 4.0 - 0.1
    assert all(0 <= record.start <= record.end <= summary.elapsed_s for record in records)
    assert summary.speed == SPEED


def test_what_runs_at_the_end_is_unfinished_not_failed(kit: Any, two_turns: Any) -> None:
    workload = two_turns(users_per_region=3, duration_s=20.0)
    summary, records, _, _ = run(kit, workload, kit.half, ramp_s=0.0)
    assert (summary.requests, summary.unfinished, summary.failed) == (3, 3, 0)
    assert [record.output_tokens for record in records] == [1, 1, 1]
    assert not summary.interrupted


def test_more_users_than_a_pool_of_a_hundred(kit: Any, two_turns: Any) -> None:
    workload = two_turns(users_per_region=130, duration_s=FOREVER_S)
    summary, _, _, _ = run(kit, workload, kit.stopping_after(130, kit.half), ramp_s=0.0)
    assert summary.unfinished == 130


def test_a_failing_service_is_recorded_and_not_hammered(kit: Any, two_turns: Any) -> None:
    async def answer(request: web.Request, body: Any) -> web.Response:
        return web.json_response({"error": {"message": "down"}}, status=503)

    summary, records, _, _ = run(kit, two_turns(users_per_region=1), answer, ramp_s=0.0)
    assert summary.failed >= 1
    assert {record.failed for record in records if not record.unfinished} == {"HTTP 503: down"}
    assert len(records) <= 5  # once a second for four seconds, the first at 0


def test_a_signal_ends_the_run_in_order(kit: Any, two_turns: Any) -> None:
    workload = two_turns(users_per_region=1, duration_s=FOREVER_S)
    summary, records, _, _ = run(kit, workload, kit.stopping_after(1, kit.half))
    assert summary.interrupted
    assert summary.elapsed_s < FOREVER_S
    assert [record.unfinished for record in records] == [True]


def test_progress_is_told(kit: Any, two_turns: Any) -> None:
    _, _, _, lines = run(kit, two_turns(), kit.whole)
    assert lines
    assert set(lines[0]) == {"event", "done", "running", "failed", "elapsed_s"}


def test_the_first_model_is_asked_for_unless_one_is_given(kit: Any, two_turns: Any) -> None:
    workload = two_turns(duration_s=FOREVER_S)
    assert run(kit, workload, kit.stopping_after(1))[2].bodies[0]["model"] == "toy"
    summary, _, server, _ = run(kit, workload, kit.stopping_after(1), model="mine")
    assert server.bodies[0]["model"] == summary.model == "mine"


def test_starting_late_is_told(kit: Any, two_turns: Any) -> None:
    summary, _, _, _ = run(kit, two_turns(), kit.whole, start_at=time.monotonic() - 0.05)
    assert summary.late_s >= 0.05
    assert "late; set --start-at later" in summary.warnings()[-1]


def test_a_common_start_is_awaited(kit: Any, two_turns: Any) -> None:
    start_at = time.monotonic() + 0.3
    summary, records, _, _ = run(kit, two_turns(), kit.whole, start_at=start_at)
    assert summary.late_s == 0.0
    assert all(record.start >= 0.0 for record in records)


def summary_with(**changes: Any) -> ClientSummary:
    facts: dict[str, Any] = {
        "region": "us",
        "model": "toy",
        "requests": 1,
        "failed": 0,
        "unfinished": 0,
        "elapsed_s": 1.0,
        "interrupted": False,
        "cpu_share": 0.2,
        "lag_p99_s": 0.0,
        "late_s": 0.0,
        "speed": 1.0,
        "data": "synthetic: two turns",
    }
    return ClientSummary(**(facts | changes))


def test_a_busy_client_warns() -> None:
    assert summary_with(cpu_share=0.69).warnings() == []
    (warning,) = summary_with(cpu_share=0.71).as_dict()["warnings"]
    assert "us used 71% of a core (limit 70%)" in warning


def test_a_busy_machine_warns() -> None:
    assert summary_with(lag_p99_s=0.09).warnings() == []
    (warning,) = summary_with(lag_p99_s=0.43).warnings()
    assert "were up to 0.43 s late" in warning


def test_a_load_that_came_late_warns() -> None:
    assert summary_with(schedule_lag_p99_s=0.09).warnings() == []
    (warning,) = summary_with(schedule_lag_p99_s=0.5).warnings()
    assert "sent requests up to 0.50 s after they were due" in warning


def test_lag_is_of_requests_that_were_due() -> None:
    written: list[RequestRecord] = []
    tally = Tally(written.append)
    record = RequestRecord("1", "us", 0, 0, "p", "k", start=2.0, end=3.0, prompt_bytes=4)
    found = []
    for one in (record, replace(record, scheduled=1.75)):
        tally.record(one)
        found.append(tally.schedule_lag_p99_s)
    assert found == [None, 0.25]
    assert len(written) == 2


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("127.0.0.1:80", "http://127.0.0.1:80"),
        ("https://x.example/v1/", "https://x.example"),
        ("http://h:1/", "http://h:1"),
    ],
)
def test_endpoints_are_taken_as_people_write_them(endpoint: str, url: str) -> None:
    assert ClientSettings("us", endpoint).base_url == url


@pytest.mark.parametrize("models", [{"data": []}, {}, []])
def test_a_service_without_a_model_is_told(kit: Any, two_turns: Any, models: object) -> None:
    async def main() -> None:
        async with kit.serve(models=models) as server:
            await run_client(ClientSettings("us", server.url), two_turns(), write=lambda record: None)

    with pytest.raises(UserError, match="lists no model; give --model"):
        asyncio.run(main())


def test_a_service_that_is_not_there_is_told(two_turns: Any) -> None:
    with pytest.raises(UserError, match=r"cannot ask http://127\.0\.0\.1:1/v1/models: .*is the service up"):
        asyncio.run(run_client(ClientSettings("us", "127.0.0.1:1"), two_turns(), write=lambda record: None))
