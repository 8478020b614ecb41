"""A made-up result folder, complete in every way a real one is: seeded, and with its defects on purpose.

Seven systems in two regions. System 0 has failed requests, every system unfinished ones, system 6 an engine
that does not report cached tokens and no samples. The summary is measured from the records.
"""

import json
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from nightshift.bench.figures import write_figures
from nightshift.bench.measures import Window, measure, measure_by_region
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
        hops=int(system >= 2 and rng.random() < 0.1),
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


def write_folder(path: Path, *, seed: int = 1, count: int = 7, **run_changes: object) -> ResultFolder:
    rng = random.Random(seed)
    run = make_run(**run_changes)
    rows = []
    for system, (suffix, legend, slowness) in enumerate(SYSTEMS[:count]):
        records = [
            make_record(rng, region, number, system, slowness)
            for region in REGIONS
            for number in range(300 if region == "us-east-2" else 150)
        ]
        folder = path / "systems" / f"{system}-{suffix}" / "rep-1"
        (folder / "logs").mkdir(parents=True)
        for region in REGIONS:
            with (folder / f"records-{region}.jsonl").open("wb") as file:
                for record in records:
                    if record.region == region:
                        write_record(file, record)
        if system != 6:
            lines = (json.dumps(sample) + "\n" for sample in make_samples(rng, slowness))
            (folder / "samples.jsonl").write_text("".join(lines))
        window = Window(WARMUP_S, DURATION_S)
        by_region = {name: asdict(own) for name, own in measure_by_region(records, window).items()}
        rows.append(
            {"id": system, "suffix": suffix, "legend": legend}
            | asdict(measure(records, window))
            | {"client_cpu_share": 0.21, "regions": by_region}
        )
    keys = ("experiment", "workload", "seed", "engine", "machine", "version")
    (path / "run.json").write_text(json.dumps(run))
    (path / "summary.json").write_text(json.dumps({key: run[key] for key in keys} | {"systems": rows}))
    return ResultFolder(path)


@pytest.fixture(scope="session")
def make_results(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ResultFolder]:
    """Make a fresh result folder of the first `count` systems; other arguments change `run.json`."""
    return lambda **run_changes: write_folder(tmp_path_factory.mktemp("results"), **run_changes)


@pytest.fixture(scope="session")
def results(make_results: Callable[..., ResultFolder]) -> ResultFolder:
    """One folder for tests that only read it."""
    return make_results()


@pytest.fixture(scope="session")
def drawn(make_results: Callable[..., ResultFolder]) -> ResultFolder:
    """One folder with all its figures, drawn once for all tests that only look at them."""
    folder = make_results()
    assert len(write_figures(folder)) == 12
    return folder
