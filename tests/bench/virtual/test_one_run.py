"""Runs in virtual time leave the files of live ones, and the same bytes for the same seed."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from nightshift.bench.client import ClientSummary
from nightshift.bench.compare.experiment import Experiment, RegionLoad, Time, parse_systems
from nightshift.bench.records import RequestRecord
from nightshift.bench.results import clients_in, records_in, samples_in
from nightshift.bench.virtual.one_run import simulate
from nightshift.control.local.plan import Engine

SAMPLED = {"region", "pending", "running", "kv_use"}
BALANCED = {"queue", "outstanding", "handed_over"}


def experiment(folder: Path, *, systems: str = "0,5,nightshift", workload: str = "arena_syn") -> Experiment:
    return Experiment(
        name="trial",
        systems=parse_systems(systems),
        regions=(RegionLoad("us-east-2", 1, 30), RegionLoad("ap-northeast-1", 1, 4)),
        workload=workload,
        workload_arguments={"num_conv": 120} if workload == "arena_syn" else {},
        duration_s=30,
        warmup_s=5,
        seed=3,
        engine=Engine.EMULATED,
        profile="l4-llama-3.1-8b",
        speed=1.0,
        output_dir=folder,
        time=Time.VIRTUAL,
    )


def run(trial: Experiment, place: int = 1, repetition: int = 1) -> Path:
    system = trial.systems[place]
    simulate(trial, system, repetition, lambda at_s: None)
    return trial.repetition_folder(system, repetition)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(experiment(tmp_path_factory.mktemp("virtual")))


def test_files_and_fields_are_those_of_a_live_run(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "records-us-east-2.jsonl",
        "records-ap-northeast-1.jsonl",
        "client-us-east-2.json",
        "client-ap-northeast-1.json",
        "samples.jsonl",
    }
    for path in folder.glob("records-*.jsonl"):
        for line in path.read_text().splitlines():
            assert list(json.loads(line)) == [field.name for field in fields(RequestRecord)]
    for account in clients_in(folder):
        assert {field.name for field in fields(ClientSummary)} - set(account) == set()
        assert account["data"].startswith("synthetic: ")
    samples = samples_in(folder)
    assert [sample["t"] for sample in samples] == [float(t) for t in range(31)]
    for sample in samples:
        assert set(sample["replicas"]) == {"us-east-2-1", "ap-northeast-1-1"}
        assert all(set(one) == SAMPLED for one in sample["replicas"].values())
        assert set(sample["balancers"]) == {"us-east-2", "ap-northeast-1"}
        assert all(set(one) == BALANCED for one in sample["balancers"].values())


def test_records_tell_of_each_request_what_happened(folder: Path) -> None:
    records = records_in(folder)
    finished = [record for record in records if record.finished]
    cut_off = [record for record in records if record.unfinished]
    assert len(finished) > 40
    assert 0 < len(cut_off) <= 34, "a user has one request under way"
    for one in finished:
        assert one.ttft is not None
        assert one.e2e_latency is not None
        assert one.start < one.start + one.ttft <= one.end <= 30
        assert one.output_tokens > 0
        assert one.input_tokens
        assert one.balancer == f"{one.region}-balancer"
        assert one.hops == (one.served_by != one.region)
        assert one.replica == f"{one.served_by}-1"
        assert one.queued_s is not None
        assert one.prompt_bytes > 0
    assert any(one.hops for one in finished), "30 users on one replica: some must cross"
    assert any(one.matched and one.cached_tokens for one in finished)
    started = [one for one in cut_off if one.streaming_start is not None]
    assert any(one.output_tokens > 1 for one in started)
    assert all(one.input_tokens is None and one.end == 30 for one in cut_off)


def test_a_foreign_router_is_stood_in_for(tmp_path: Path) -> None:
    records = records_in(run(experiment(tmp_path), place=0))
    assert {one.balancer for one in records if one.finished} == {"us-east-2-balancer"}


def test_repetitions_differ_and_systems_share_the_work(tmp_path: Path) -> None:
    trial = experiment(tmp_path)
    first, second, other = run(trial, 1, 1), run(trial, 1, 2), run(trial, 2, 1)

    def begun(folder: Path) -> set[tuple[str, int]]:
        return {(one.program_id, one.prompt_bytes) for one in records_in(folder) if one.turn == 0}

    both = begun(first) & begun(other)
    assert len(both) > 30, "paired: the same users ask the same first questions"
    assert not both & begun(second)


@pytest.mark.parametrize("workload", ["arena_syn", "tot", "wildchat"])
def test_same_seed_same_bytes_in_any_process(tmp_path: Path, workload: str) -> None:
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from test_one_run import experiment, run;"
        "run(experiment(Path(sys.argv[2]), workload=sys.argv[3]))"
    )
    seen = set()
    for hash_seed in ("1", "2"):
        out = tmp_path / hash_seed
        subprocess.run(
            [sys.executable, "-c", program, str(Path(__file__).parent), str(out), workload],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            timeout=300,
        )
        files = sorted(out.rglob("*.json*"))
        assert len(files) == 5
        seen.add(hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest())
    assert len(seen) == 1
