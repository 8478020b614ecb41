"""A comparison from the command line to the report, with real processes: engines, WAN, balancers, clients.

Sixty emulated seconds at twenty times the speed: three real ones each. Nothing is asserted of times.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMPARE = (
    *(sys.executable, "-m", "nightshift", "bench", "compare"),
    *("--regions", "us-east-2=1:6,ap-northeast-1=1:2", "--num-conv", "60", "--data-set", "arena"),
    *("--duration", "60", "--warmup", "5", "--speed", "20", "--seed", "4", "--json"),
)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], Path]:
    folder = tmp_path_factory.mktemp("results")
    done = subprocess.run(
        [*COMPARE, "--systems", "0,1,nightshift", "--output-dir", str(folder), "--exp-name", "trial"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder / "trial"


def test_every_system_did_the_work_and_lost_nothing(outcome: tuple[dict[str, list], Path]) -> None:  # type: ignore[type-arg] # JSON
    rows = outcome[0]["systems"]
    assert [row["suffix"] for row in rows] == ["sgl", "sky_sgl_enhanced", "nightshift"]
    for row in rows:
        assert row["failed"] == 0
        assert row["unfinished"] <= 8, "a user has one request under way when the time is up, or none"
        assert row["requests"] - row["unfinished"] > 10, "also on a machine that is busy with other things"
        assert 0 < row["prefix_hit_rate"] < 1
        assert set(row["regions"]) == {"us-east-2", "ap-northeast-1"}
        assert row["ttft_s"]["p50"] <= row["ttft_s"]["p99"]


def test_the_folder_explains_itself(outcome: tuple[dict[str, object], Path]) -> None:
    _, folder = outcome
    page = (folder / "report.html").read_text()
    assert "emulated" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    run = json.loads((folder / "run.json").read_bytes())
    assert run["wan_rtt_ms"] == {"us-east-2 - ap-northeast-1": 135.0}
    samples = (folder / "systems" / "7-nightshift" / "rep-1" / "samples.jsonl").read_text().splitlines()
    last = json.loads(samples[len(samples) // 2])
    assert set(last["replicas"]) == {"us-east-2-1", "ap-northeast-1-1"}
    assert set(last["balancers"]) == {"us-east-2", "ap-northeast-1"}


def test_records_carry_the_decision(outcome: tuple[dict[str, object], Path]) -> None:
    _, folder = outcome
    system = folder / "systems" / "7-nightshift" / "rep-1"
    records = [json.loads(line) for line in (system / "records-us-east-2.jsonl").read_text().splitlines()]
    finished = [record for record in records if not record["unfinished"]]
    assert {record["balancer"] for record in finished} == {"us-east-2-balancer"}
    for record in finished:
        assert record["replica"] in {"us-east-2-1", "ap-northeast-1-1"}
        assert record["hops"] == (record["served_by"] != "us-east-2")
        assert record["headers"]["x-engine-emulated"] == "l4-llama-3.1-8b"


def test_nothing_is_left_running(outcome: tuple[dict[str, object], Path]) -> None:
    _, folder = outcome
    mine = str(folder).encode()
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if mine in command and int(process.name) != os.getpid():
            left.append(command)
    assert left == []


def known_of(folder: Path) -> set[str]:
    """What the records of finished requests say; of which each answer has more than one piece of content."""
    lines = (folder / "records-us-east-2.jsonl").read_text().splitlines()
    finished = [one for one in map(json.loads, lines) if not one["unfinished"] and one["output_tokens"] > 1]
    assert finished
    assert all(len(one["itl_s"]) == one["output_tokens"] - 1 for one in finished)
    known = [{key for key, value in one.items() if value is not None} for one in finished]
    assert all(each == known[0] for each in known)
    return known[0]


def keys_of(path: Path) -> set[str]:
    return set(json.loads(path.read_text().splitlines()[-1] if path.suffix == ".jsonl" else path.read_text()))


def test_virtual_time_leaves_the_same_files_and_fields(
    outcome: tuple[dict[str, object], Path], tmp_path: Path
) -> None:
    live = outcome[1] / "systems" / "7-nightshift" / "rep-1"
    words = list(COMPARE)
    words[words.index("--speed") : words.index("--speed") + 2] = ["--time", "virtual"]
    subprocess.run(
        [*words, "--systems", "nightshift", "--output-dir", str(tmp_path), "--exp-name", "trial"],
        capture_output=True,
        timeout=100,
        check=True,
    )
    virtual = tmp_path / "trial" / "systems" / "7-nightshift" / "rep-1"
    names = {path.name for path in live.iterdir()} - {"logs", "wan.json"}  # of processes alone
    assert {path.name for path in virtual.iterdir()} == names
    for name in names:
        assert keys_of(virtual / name) == keys_of(live / name), name
    assert known_of(virtual) == known_of(live)
    one, other = ((folder / "samples.jsonl").read_text().splitlines()[-1] for folder in (live, virtual))
    for part in ("replicas", "balancers"):
        shapes = [{key: set(value) for key, value in json.loads(line)[part].items()} for line in (one, other)]
        assert shapes[0] == shapes[1]
    runs = [json.loads((folder / "run.json").read_bytes()) for folder in (outcome[1], tmp_path / "trial")]
    assert set(runs[0]) == set(runs[1])
    assert [run["time"] for run in runs] == ["live", "virtual"]
