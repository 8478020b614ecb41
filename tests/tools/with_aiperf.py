"""AIPerf against a balancer before an emulated engine: what it reports is what the engine counted.

`make test-tools` installs it and runs this file. Counts and tokens are compared, no times.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import pytest
from tests.soak.processes import Process, start_balancer, start_engine, state_of

HERE = Path(os.environ.get("TOOLS", ".venv-tools")).absolute()
CONVERSATIONS, TURNS, OUTPUT_TOKENS = 4, 3, 16
WORKLOAD = (
    *("--concurrency", "2", "--conversation-num", str(CONVERSATIONS)),
    *("--conversation-turn-mean", str(TURNS), "--conversation-turn-stddev", "0"),
    *("--synthetic-input-tokens-mean", "64", "--synthetic-input-tokens-stddev", "0"),
    *("--output-tokens-mean", str(OUTPUT_TOKENS), "--output-tokens-stddev", "0"),
    *("--extra-inputs", "ignore_eos:true", "--random-seed", "1"),
)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """A balancer, and the engine behind it."""
    engine = start_engine(tmp_path, "engine", speed=20)
    try:
        settings = {"name": "lb", "region": "r", "replicas": [{"id": "r0", "address": engine.address}]}
        balancer = start_balancer(tmp_path, settings)
        try:
            yield balancer, engine
        finally:
            balancer.end()
    finally:
        engine.end()


def counted(engine: Process) -> dict[str, int]:
    """Return the engine's counters, by vLLM's names."""
    with urlopen(f"http://{engine.address}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if line.startswith("vllm:"))
    return {name.partition("{")[0].removeprefix("vllm:"): int(float(value)) for name, _, value in pairs}


@pytest.mark.timeout(900)
def test_requests_tokens_and_cached_tokens_are_the_engines(
    tmp_path: Path, pair: tuple[Process, Process]
) -> None:
    balancer, engine = pair
    done = subprocess.run(
        [
            *(HERE / "aiperf" / "bin" / "aiperf", "profile", "--model", "meta-llama/Llama-3.1-8B-Instruct"),
            *("--url", f"http://{balancer.address}", "--endpoint-type", "chat", "--streaming", *WORKLOAD),
            *("--tokenizer", HERE / "tokenizer", "--ui", "none", "--artifact-dir", tmp_path / "out"),
        ],
        env={key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    said: dict[str, Any] = orjson.loads((tmp_path / "out" / "profile_export_aiperf.json").read_bytes())
    engines = counted(engine)
    assert said["request_count"]["avg"] == engines["request_success_total"] == CONVERSATIONS * TURNS
    assert said["request_error_rate"]["avg"] == 0
    assert said["total_usage_prompt_tokens"]["avg"] == engines["prompt_tokens_total"]
    assert said["total_usage_completion_tokens"]["avg"] == engines["generation_tokens_total"]
    assert engines["generation_tokens_total"] == CONVERSATIONS * TURNS * OUTPUT_TOKENS
    assert said["total_usage_prompt_cache_read_tokens"]["avg"] == engines["prefix_cache_hits_total"] > 0
    assert state_of(balancer.address)["counters"]["arrived"] == CONVERSATIONS * TURNS
