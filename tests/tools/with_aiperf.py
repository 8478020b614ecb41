"""AIPerf against a balancer before an emulated engine: what it reports is what the engine counted.

`make test-tools` installs it and runs this file. Counts and tokens are compared, no times.
"""

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.soak.processes import Process, state_of
from tests.tools.tool import HERE, MODEL, counted, run_tool

CONVERSATIONS, TURNS, OUTPUT_TOKENS = 4, 3, 16
WORKLOAD = (
    *("--concurrency", "2", "--conversation-num", str(CONVERSATIONS)),
    *("--conversation-turn-mean", str(TURNS), "--conversation-turn-stddev", "0"),
    *("--synthetic-input-tokens-mean", "64", "--synthetic-input-tokens-stddev", "0"),
    *("--output-tokens-mean", str(OUTPUT_TOKENS), "--output-tokens-stddev", "0"),
    *("--extra-inputs", "ignore_eos:true", "--random-seed", "1"),
)


@pytest.mark.timeout(900)
def test_requests_tokens_and_cached_tokens_are_the_engines(
    tmp_path: Path, pair: tuple[Process, Process]
) -> None:
    balancer, engine = pair
    run_tool(
        *(tmp_path, "aiperf", "profile", "--model", MODEL, "--url", f"http://{balancer.address}"),
        *("--endpoint-type", "chat", "--streaming", *WORKLOAD),
        *("--tokenizer", HERE / "tokenizer", "--ui", "none", "--artifact-dir", tmp_path / "out"),
    )
    said: dict[str, Any] = orjson.loads((tmp_path / "out" / "profile_export_aiperf.json").read_bytes())
    engines = counted(engine)
    assert said["request_count"]["avg"] == engines["request_success_total"] == CONVERSATIONS * TURNS
    assert said["request_error_rate"]["avg"] == 0
    assert said["total_usage_prompt_tokens"]["avg"] == engines["prompt_tokens_total"]
    assert said["total_usage_completion_tokens"]["avg"] == engines["generation_tokens_total"]
    assert engines["generation_tokens_total"] == CONVERSATIONS * TURNS * OUTPUT_TOKENS
    assert said["total_usage_prompt_cache_read_tokens"]["avg"] == engines["prefix_cache_hits_total"] > 0
    assert state_of(balancer.address)["counters"]["arrived"] == CONVERSATIONS * TURNS
