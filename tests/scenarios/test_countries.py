"""From a file with WildChat's columns to Figure 2 by country, over the command line and in virtual time."""

import csv
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

NIGHTSHIFT = (sys.executable, "-m", "nightshift", "bench")
PLACES = {"United States": 18, "Russia": 10, "China": 6, "United Kingdom": 14, "Germany": 13, "France": 12}
SMALL = ("Japan", "Brazil")
FIRST = datetime(2023, 4, 9, tzinfo=UTC)


def rows() -> list[dict[str, object]]:
    """Each country's conversations at its hour (UTC), the n-th country with fewer; two small ones at 0."""
    places = [(country, hour, 40 - 5 * n) for n, (country, hour) in enumerate(PLACES.items())]
    places += [(country, 0, 4) for country in SMALL]
    return [
        {
            "conversation_hash": f"{country}-{number}",
            "timestamp": (FIRST + timedelta(days=number, hours=hour, minutes=number)).isoformat(),
            "country": country,
            "state": "",
            "hashed_ip": f"{country}-{number % 4}",
            "conversation": [
                {"role": role, "content": text}
                for role, text in (
                    ("user", f"Hello, {number}"),
                    ("assistant", "Hi. " * 20),
                    ("user", "And?"),
                    ("assistant", "So. " * 9),
                )
            ],
        }
        for country, hour, many in places
        for number in range(many)
    ]


def run(*words: str) -> str:
    done = subprocess.run([*NIGHTSHIFT, *words], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_figure_2_by_country(tmp_path: Path) -> None:
    data = tmp_path / "wild.jsonl"
    data.write_text("\n".join(map(json.dumps, rows())))
    run(
        *("compare", "--time", "virtual", "--systems", "nightshift", "--workload", "wildchat"),
        *("--regions", "us-east-2=1:2", "eu-central-1=1:2", "--extra-args", f"--data-path {data}"),
        *("--duration", "20", "--warmup", "2", "--output-dir", str(tmp_path), "--exp-name", "wild"),
    )
    printed = run("plot", str(tmp_path / "wild"), "--figure", "2")
    assert "Conversations by country and hour of the day (UTC)" in printed
    assert f"Real data (file {data}, 173 of 173 rows)" in printed
    folder = tmp_path / "wild" / "paper-figures"
    assert (folder / "figure-2.png").stat().st_size > 10_000
    busiest: dict[str, int] = {}
    found: Counter[str] = Counter()
    with (folder / "figure-2.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["country"]] += int(row["conversations"])
            if int(row["conversations"]):
                busiest[row["country"]] = int(row["hour_utc"])
    assert found == {
        **{country: 40 - 5 * n for n, country in enumerate(PLACES)}, "other": 8, "all": 173,
    }  # fmt: skip
    assert {country: busiest[country] for country in PLACES} == PLACES
    assert busiest["other"] == 0
