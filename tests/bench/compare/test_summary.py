"""The summary has a row for each system, made of what the clients and the relay left."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import orjson
import pytest
from tests.bench.asked import ASKED

from nightshift.bench.compare.account import account
from nightshift.bench.compare.done import Done, State
from nightshift.bench.compare.experiment import Experiment, Time
from nightshift.bench.compare.run_file import write_run
from nightshift.bench.compare.summary import write_summary
from nightshift.bench.records import write_record
from nightshift.bench.results import ResultFolder

OUTCOMES: tuple[dict[str, Any], ...] = ({}, {"uid": "2", "failed": "reset"}, {"uid": "3", "unfinished": True})
DONE = replace(
    ASKED,
    start=11.0,
    end=21.0,
    streaming_start=12.0,
    ttft=1.0,
    e2e_latency=10.0,
    input_tokens=100,
    output_tokens=50,
    cached_tokens=40,
    hops=1,
)


def leave_results(trial: Experiment, *repetitions: int) -> None:
    for system, repetition in product(trial.systems, repetitions or (1,)):
        folder = trial.repetition_folder(system, repetition)
        folder.mkdir(parents=True)
        Done(State.FINISHED, None, 30.0, trial.seed_of(repetition)).write(folder)
        with (folder / "records-us-east-2.jsonl").open("wb") as file:
            for record in (
                replace(DONE, e2e_latency=10.0 + repetition, end=21.0 + repetition),
                replace(DONE, uid="2", failed="reset"),
                replace(DONE, uid="3", unfinished=True),
            ):
                write_record(file, record)
        client = {
            "region": "us-east-2",
            "cpu_share": 0.3 + 0.1 * (system.id or 0),
            "lag_p99_s": 0.004,
            "late_s": 1.5,
        }
        (folder / "client-us-east-2.json").write_bytes(orjson.dumps(client))
        replicas = {str(n): {"region": "us-east-2", "running": 3 * n, "pending": 0} for n in (1, 2)}
        (folder / "samples.jsonl").write_bytes(orjson.dumps({"t": 20.0, "replicas": replicas}) + b"\n")
    lane = {"late_ms": {"p50": 0.2, "p99": 1.5, "max": 3.0}}
    relay = {"chunks": 10, "cpu_us_per_chunk": 25.0, "links": [{"forward": lane, "back": lane}]}
    (trial.repetition_folder(trial.systems[0], 1) / "wan.json").write_bytes(orjson.dumps(relay))


def test_rows(make_experiment: Callable[..., Experiment]) -> None:
    trial = make_experiment(systems="0,5")
    leave_results(trial)
    write_run(trial, ["nightshift", "bench", "compare"])
    write_summary(trial, trial.systems)
    folder = ResultFolder(trial.folder)
    assert [system.id for system in folder.systems] == [0, 5]
    row = folder.systems[1].figures
    assert (row["requests"], row["failed"], row["unfinished"], row["handed_over"]) == (3, 1, 1, 3)
    found = (row["weighted_token_per_s"], row["output_token_per_s"], row["prefix_hit_rate"])
    assert found == pytest.approx((200 / 11, 50 / 11, 0.4))
    assert row["ttft_s"]["p50"] == 1.0
    assert row["imbalance"]["mean"] == 2.0
    goodput = row["goodput"]  # 0.2 s for a token are above 0.1, and one was cut off with no limit broken
    assert (goodput["good"], goodput["judged"], goodput["undecided"]) == (0, 2, 1)
    assert row["client_cpu_share"] == 0.8
    assert row["regions"]["us-east-2"]["requests"] == 3
    assert (row["state"], row["why"], row["intervals"]) == ("finished", None, {})
    assert {one["verdict"] for one in folder.summary["comparisons"]} == {"one repetition: not known"}
    assert folder.run["emulated"] is True
    assert folder.run["slo"] == folder.summary["slo"]["text"] == "ttft=2,tpot=0.1"
    assert any("GKE" not in note and "sglang" in note for note in folder.run["notes"])


def test_repetitions_have_means_intervals_and_comparisons(make_experiment: Callable[..., Experiment]) -> None:
    trial = make_experiment(systems="0,5")
    leave_results(trial, 1, 2, 3)
    summary = write_summary(trial, trial.systems)
    row = summary["systems"][0]
    assert row["e2e_s"]["p50"] == 12.0
    assert [one["e2e_s"]["p50"] for one in row["repetitions"]] == [11.0, 12.0, 13.0]
    assert row["intervals"]["e2e_s.p50"] == pytest.approx((12 - 2.484, 12 + 2.484), abs=0.001)
    assert row["regions"]["us-east-2"]["e2e_s"]["p50"] == 12.0
    found = {one["figure"]: one for one in summary["comparisons"]}
    assert (found["e2e_s.p50"]["a"], found["e2e_s.p50"]["b"]) == ("sgl", "sky_pull_pull_rate_limit")
    assert (found["e2e_s.p50"]["verdict"], found["e2e_s.p50"]["pairs"]) == ("within noise", 3)
    assert summary["confidence"] == 0.95


def test_a_partial_repetition_is_shown_and_not_compared(make_experiment: Callable[..., Experiment]) -> None:
    trial = make_experiment(systems="0,5")
    leave_results(trial, 1, 2)
    Done(State.PARTIAL, "its balancer died", 3.0, 4).write(trial.repetition_folder(trial.systems[1], 2))
    summary = write_summary(trial, trial.systems)
    row = summary["systems"][1]
    assert (row["state"], row["why"]) == ("partial", "repetition 2: its balancer died")
    assert len(row["repetitions"]) == 2
    assert {one["pairs"] for one in summary["comparisons"]} == {1}


def test_what_has_not_ended_has_no_row(make_experiment: Callable[..., Experiment]) -> None:
    trial = make_experiment(systems="0,5")
    leave_results(trial)
    (trial.repetition_folder(trial.systems[0], 1) / "done.json").unlink()
    assert [row["id"] for row in write_summary(trial, trial.systems)["systems"]] == [5]


def test_in_virtual_time_a_row_says_what_stands_in(make_experiment: Callable[..., Experiment]) -> None:
    trial = replace(make_experiment(systems="0,5"), time=Time.VIRTUAL)
    leave_results(trial)
    first, second = write_summary(trial, trial.systems)["systems"]
    assert "switches of Nightshift stand in" in first["emulated_note"]
    assert "emulated_note" not in second


def test_the_account_of_the_harness_warns_of_a_busy_client(
    make_experiment: Callable[..., Experiment],
) -> None:
    trial = make_experiment(systems="0,5")
    leave_results(trial)
    lines = account(write_summary(trial, trial.systems))
    assert any("80% of a core" in line for line in lines)
    assert any(line.startswith("warning: a client was near its own limit") for line in lines)
    assert any("a client began 1.5 s late" in line for line in lines)
    assert any("25 µs CPU per chunk" in line and "1.5 ms late" in line for line in lines)
