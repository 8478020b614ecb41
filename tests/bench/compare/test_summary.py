"""The summary has a row for each system, made of what the clients and the relay left."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from nightshift.bench.compare.command import account
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.run_file import write_run
from nightshift.bench.compare.summary import write_summary
from nightshift.bench.records import RequestRecord, write_record
from nightshift.bench.results import ResultFolder

OUTCOMES: tuple[dict[str, Any], ...] = ({}, {"uid": "2", "failed": "reset"}, {"uid": "3", "unfinished": True})
DONE = RequestRecord(
    uid="1",
    region="us-east-2",
    user=0,
    turn=0,
    program_id="p",
    hash_key="k",
    start=11.0,
    end=21.0,
    prompt_bytes=400,
    streaming_start=12.0,
    ttft=1.0,
    e2e_latency=10.0,
    input_tokens=100,
    output_tokens=50,
    cached_tokens=40,
    hops=1,
)


def leave_results(trial: Experiment) -> None:
    for system in trial.systems:
        folder = trial.repetition_folder(system, 1)
        folder.mkdir(parents=True)
        with (folder / "records-us-east-2.jsonl").open("wb") as file:
            for record in (
                DONE,
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
    assert (row["weighted_token_per_s"], row["output_token_per_s"], row["prefix_hit_rate"]) == (
        20.0,
        5.0,
        0.4,
    )
    assert row["ttft_s"]["p50"] == 1.0
    assert row["client_cpu_share"] == 0.8
    assert row["regions"]["us-east-2"]["requests"] == 3
    assert folder.run["emulated"] is True
    assert any("GKE" not in note and "sglang" in note for note in folder.run["notes"])


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
