"""Services that are up, measured as a user would: gen-cmd, its script, the report."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.scenarios.serve.bed import HERE, THERE, Bed, free_ports

from nightshift.bench.records import read_records

FAR = "eu-west-1"
"""Where users are, and no balancer."""
LEAD_S = "20"


def bench(bed: Bed, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "nightshift", "bench", *words],
        env=bed.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done


def run_script(bed: Bed, script: Path) -> str:
    done = subprocess.run(
        ["bash", script],
        env=bed.environ | {"LEAD_S": LEAD_S},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def read(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_two_services_by_script(bed: Bed) -> None:
    for name, system in (("one", "sky_pull_pull"), ("two", "sky_push_push")):
        ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
        bed.cli("up", str(bed.file(ports, replicas=2, speed=10, name=name, system=system)), "-y")
    out = bed.folder / "out"
    words = ["gen-cmd", "--run-systems", "2", "4", "--exp-name", "try", "--output-dir", str(out)]
    words += ["--regions", HERE, FAR, "--extra-args", "--duration 300 --num-conv 20 --num-users 2"]
    wrong = bench(bed, *words, "--service-names", "two", "one", status=2)
    assert "two runs sky_push_push" in wrong.stderr
    assert not out.exists()

    bench(bed, *words, "--service-names", "one", "two")
    said = run_script(bed, out / "result" / "scripts" / "try.bash")

    folder = out / "try"
    summary, run = read(folder / "summary.json"), read(folder / "run.json")
    assert run["emulated"], said
    assert run["speed"] == 10
    assert [row["suffix"] for row in summary["systems"]] == ["sky_pull_pull", "sky_push_push"]
    for row in summary["systems"]:
        place = folder / "systems" / f"{row['id']}-{row['suffix']}" / "rep-1"
        done = read(place / "done.json")
        assert done["state"] == "finished" or "began" in done["why"], said  # on a machine that is busy
        records = {region: read_records(place / f"records-{region}.jsonl") for region in (HERE, FAR)}
        assert all(any(one.finished for one in of_region) for of_region in records.values())
        assert not any(one.failed for of_region in records.values() for one in of_region)
        assert {one.balancer for one in records[FAR]} <= {None, f"{HERE}-b1", *_names(records[HERE])}
        samples = [orjson.loads(line) for line in (place / "samples.jsonl").read_bytes().splitlines()]
        assert all(0 <= one["t"] <= 300 for one in samples)
    assert (folder / "report.html").exists()
    assert (out / "queue_size" / "try_sky_pull_pull.txt").stat().st_size > 0
    assert [path for path in (bed.folder / "nightshift" / "clients").rglob("*") if path.is_file()] == []
    assert "try_sky_push_push" in said


def _names(records: list[Any]) -> set[str]:
    return {one.balancer for one in records if one.balancer}
