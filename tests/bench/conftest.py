"""A made-up result folder, complete in every way a real one is: seeded, and with its defects on purpose.

Seven systems in two regions, or up to 24, run once or several times. System 0 has failed requests, every
system unfinished ones, system 6 an engine
that does not report cached tokens and no samples. The summary is measured from the records.
"""

import json
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from tests.bench.once import once

from nightshift.bench.figures import write_figures
from nightshift.bench.measures import Window, measure, measure_by_region
from nightshift.bench.measures.imbalance import imbalance
from nightshift.bench.records import RequestRecord, write_record
from nightshift.bench.results import ResultFolder

Json = dict[str, Any]

REGIONS = {"us-east-2": {"replicas": 2, "users": 60}, "ap-northeast-1": {"replicas": 2, "users": 30}}
SYSTEMS = (
    ("sgl", "Baseline", 1.9),
    ("sky_sgl_enhanced", "Baseline [Pull]", 1.5),
    ("sky_pull_pull", "Ours [Steal+Pull]", 1.1),
    ("sky_push_pull", "Ours [Push+Pull]", 1.0),
    ("sky_push_push", "Ours [Push+Push]", 1.2),
    ("sky_pull_pull_rate_limit", "Ours [Selective push+Pull]", 0.8),
    ("gke_gateway", "GKE Gateway (emulated)", 2.4),
)
DURATION_S, WARMUP_S = 120.0, 10.0


def make_run(**changes: object) -> Json:
    run: Json = {
        "experiment": "arena_syn_two_regions",
        "workload": "arena_syn",
        "seed": 7,
        "engine": "emulated l4-llama-3.1-8b",
        "emulated": True,
        "speed": 4.0,
        "time": "live",
        "data": "synthetic: 2,000 conversations with the statistics of arena",
        "duration_s": DURATION_S,
        "warmup_s": WARMUP_S,
        "machine": {"cpus": 2, "model": "a test", "python": "3.11.2"},
        "version": "0.1.0",
        "regions": REGIONS,
        "systems": [0, 1, 2, 3, 4, 5, 6],
        "workload_args": {"num_conv": 2000},
        "wan_rtt_ms": {"us-east-2 - ap-northeast-1": 156},
        "command": "nightshift bench compare --systems 0-6 --workload arena_syn",
        "notes": ["made up for a test"],
    }
    return run | changes


def make_record(rng: random.Random, region: str, number: int, system: int, slowness: float) -> RequestRecord:
    start = rng.uniform(0.0, DURATION_S)
    far = 0.16 if region == "ap-northeast-1" and system in (0, 1) else 0.0
    ttft = far + slowness * rng.lognormvariate(-1.2, 0.8)
    e2e = ttft + rng.lognormvariate(1.6, 0.4)
    unfinished = start + e2e > DURATION_S
    failed = "HTTP 503" if system == 0 and rng.random() < 0.03 else None
    seen = failed is None and start + ttft < DURATION_S
    input_tokens = rng.randint(200, 3000)
    other = next(name for name in REGIONS if name != region)
    served_by = other if rng.random() < (0.5 if system in (0, 1) else 0.1) else region
    return RequestRecord(
        uid=f"{region}-{number}",
        region=region,
        user=number % 30,
        turn=number % 5,
        program_id=f"{region}-{number % 30}",
        hash_key=f"{number % 30}",
        start=start,
        end=min(start + e2e, DURATION_S),
        prompt_bytes=4 * input_tokens,
        response_start=start + ttft / 2 if seen else None,
        streaming_start=start + ttft if seen else None,
        ttft=ttft if seen else None,
        e2e_latency=None if unfinished or failed else e2e,
        failed=failed,
        unfinished=unfinished and failed is None,
        input_tokens=None if unfinished or failed else input_tokens,
        output_tokens=rng.randint(20, 400),
        cached_tokens=None if system == 6 else int(input_tokens * rng.uniform(0.3, 0.9) / slowness),
        replica=f"{served_by}-{number % 2}",
        served_by=served_by if system != 0 else None,
        hops=int(served_by != region and system >= 2),
        queued_s=rng.expovariate(10.0),
    )


def make_samples(rng: random.Random, slowness: float) -> list[Json]:
    samples = []
    for t in range(0, int(DURATION_S), 2):
        replicas = {
            f"{region}-{number}": {
                "region": region,
                "pending": max(0, int(rng.gauss(4 * slowness - 3, 2))),
                "running": max(0, int(min(t, 20) + rng.gauss(0, 3))),
                "kv_use": min(1.0, t / 40 + rng.uniform(0, 0.05)),
            }
            for region in REGIONS
            for number in range(2)
        }
        balancers = {
            region: {"queue": max(0, int(rng.gauss(3, 3))), "outstanding": 40, "handed_over": t // 4}
            for region in REGIONS
        }
        samples.append({"t": float(t), "replicas": replicas, "balancers": balancers})
    return samples


def write_folder(
    path: Path,
    *,
    seed: int = 1,
    count: int = 7,
    repetitions: int = 1,
    numbered: bool = True,
    **run_changes: object,
) -> ResultFolder:
    """Write a folder of the first `count` systems, or of more, which then are named and not numbered.

    With `numbered` False no system has a number.
    """
    rng = random.Random(seed)
    systems = [
        make_system(rng, path / "systems", place, repetitions, None if place > 6 or not numbered else place)
        for place in range(count)
    ]
    run = make_run(**{"repetitions": repetitions, "systems": [row["id"] for row in systems]} | run_changes)
    path.mkdir(exist_ok=True)
    (path / "run.json").write_text(json.dumps(run))
    keys = ("experiment", "workload", "seed", "engine", "machine", "version", "time", "data", "repetitions")
    summary = {key: run[key] for key in keys if key in run} | {"confidence": 0.95, "systems": systems}
    if repetitions > 1:
        summary["comparisons"] = [
            compared(one, other, figure)
            for place, one in enumerate(systems)
            for other in systems[place + 1 :]
            for figure in ("weighted_token_per_s", "ttft_s.p50", "ttft_s.p90", "prefix_hit_rate")
        ]
    (path / "summary.json").write_text(json.dumps(summary))
    return ResultFolder(path)


def make_system(rng: random.Random, systems: Path, place: int, repetitions: int, number: int | None) -> Json:
    """Write one system's folder; return its row of the summary."""
    suffix, legend, slowness = (
        SYSTEMS[place] if place < 7 else (f"more_{place}", f"More {place}", 1 + place / 20)
    )
    name = suffix if number is None else f"{number}-{suffix}"
    rows = [
        make_repetition(rng, systems / name / f"rep-{k}", place, slowness * rng.uniform(0.97, 1.03))
        for k in range(1, repetitions + 1)
    ]
    row: Json = {"id": number, "suffix": suffix, "legend": legend} | means(rows) | {"client_cpu_share": 0.21}
    row |= {"state": "finished", "why": None, "repetitions": rows}
    if repetitions > 1:
        row["intervals"] = {
            path: [min(values), max(values)]
            for path in DOTTED
            if None not in (values := [dotted(one, path) for one in rows])
        }
    return row


def make_repetition(rng: random.Random, folder: Path, place: int, slowness: float) -> Json:
    """Write the files of one repetition; return its figures."""
    records = [
        make_record(rng, region, number, place, slowness)
        for region in REGIONS
        for number in range(300 if region == "us-east-2" else 150)
    ]
    (folder / "logs").mkdir(parents=True)
    for region in REGIONS:
        with (folder / f"records-{region}.jsonl").open("wb") as file:
            for record in records:
                if record.region == region:
                    write_record(file, record)
    samples = [] if place == 6 else make_samples(rng, slowness)
    if samples:
        (folder / "samples.jsonl").write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    (folder / "done.json").write_text(json.dumps({"state": "finished", "why": None}))
    window = Window(WARMUP_S, DURATION_S)
    by_region = {name: asdict(own) for name, own in measure_by_region(records, window).items()}
    figures: Json = asdict(measure(records, window)) | asdict(imbalance(samples, window))
    return figures | {"regions": by_region}


DOTTED = (
    "weighted_token_per_s", "output_token_per_s", "request_per_s", "prefix_hit_rate", "handed_over",
    "ttft_s.mean", "ttft_s.p50", "ttft_s.p90", "e2e_s.mean", "e2e_s.p50", "e2e_s.p90",
)  # fmt: skip


def dotted(row: Json, path: str) -> Any:
    for key in path.split("."):
        row = row[key]
    return row


def means(rows: list[Any]) -> Any:
    """The mean of each number in JSON values of the same shape."""
    if isinstance(rows[0], dict):
        return {key: means([row[key] for row in rows]) for key in rows[0]}
    return None if rows[0] is None else sum(rows) / len(rows) if len(rows) > 1 else rows[0]


def compared(one: Json, other: Json, figure: str) -> Json:
    """A comparison as the summary has it; its interval here is made of the ends of the two."""
    a, b = (dotted(row, figure) for row in (one, other))
    row: Json = {"a": one["suffix"], "b": other["suffix"], "figure": figure, "a_mean": a, "b_mean": b}
    if not a or not b:
        return row | {"difference": None, "ratio": None, "interval": None, "verdict": "not known"}
    (a_low, a_high), (b_low, b_high) = (each["intervals"][figure] for each in (one, other))
    low, high = a_low / b_high, a_high / b_low
    verdict = "more" if low > 1 else "less" if high < 1 else "within noise"
    return row | {"difference": a - b, "ratio": a / b, "interval": [low, high], "verdict": verdict}


@pytest.fixture(scope="session")
def make_results(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ResultFolder]:
    """Make a fresh result folder of the first `count` systems; other arguments change `run.json`."""
    return lambda **run_changes: write_folder(tmp_path_factory.mktemp("results"), **run_changes)


@pytest.fixture(scope="session")
def results(make_results: Callable[..., ResultFolder]) -> ResultFolder:
    """One folder for tests that only read it."""
    return make_results()


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> ResultFolder:
    """One folder with all its figures, drawn once for all tests that only look at them."""
    return ResultFolder(once(tmp_path_factory, "drawn", lambda path: write_figures(write_folder(path))))


@pytest.fixture(scope="session")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> ResultFolder:
    """Three systems, each run three times, with all figures, drawn once as well."""

    def make(path: Path) -> None:
        write_figures(write_folder(path, count=3, repetitions=3))

    return ResultFolder(once(tmp_path_factory, "repeated", make))
