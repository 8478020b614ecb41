"""A ladder of two steps with real processes, an open loop at two rates. Nothing is asserted of times."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SWEEP = (
    *(sys.executable, "-m", "nightshift", "bench", "sweep", "--time", "live", "--speed", "20"),
    *(
        "--load",
        "rate",
        "--loads",
        "1,2",
        "--workload",
        "trace",
        "--extra-args",
        "--format burstgpt --rate 0.5",
    ),
    *("--systems", "nightshift", "--regions", "us-east-2=1:1,ap-northeast-1=1:1"),
    *("--duration", "40", "--warmup", "0", "--exp-name", "ladder", "--json"),
)


def swept(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SWEEP, "--output-dir", str(folder)], capture_output=True, text=True, timeout=110, check=False
    )


@pytest.mark.long
def test_two_live_steps_and_the_page(tmp_path: Path) -> None:
    done = swept(tmp_path)
    assert done.returncode == 0, done.stderr
    sweep = json.loads(done.stdout)
    assert sweep["run"]["time"] == "live"
    assert [step["done"] for step in sweep["steps"]] == [True, True]
    counts = []
    for step in ("rate-1", "rate-2"):
        found = tmp_path / "ladder" / step / "systems" / "7-nightshift" / "rep-1"
        records = [
            json.loads(line)
            for path in found.glob("records-*.jsonl")
            for line in path.read_text().splitlines()
        ]
        assert all(one["scheduled"] is not None and one["failed"] is None for one in records)
        counts.append(len(records))
    assert counts[0] < counts[1], "the same requests, twice as close: more of them fit"
    page = (tmp_path / "ladder" / "report.html").read_text()
    assert "BurstGPT" in page
    assert "virtual time" not in page

    again = swept(tmp_path)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["systems"] == sweep["systems"], "what is finished is not run again"
