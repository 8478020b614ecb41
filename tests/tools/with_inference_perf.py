"""inference-perf against a balancer before an emulated engine: what it reports is what the engine counted.

`make test-tools` installs it and runs this file. Counts and tokens are compared, no times.
"""

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.soak.processes import Process, state_of
from tests.tools.tool import HERE, MODEL, counted, run_tool

GROUPS, PROMPTS, OUTPUT_TOKENS = 2, 6, 16
REQUESTS = GROUPS * PROMPTS
DATA = {
    "num_groups": GROUPS,
    "num_prompts_per_group": PROMPTS,
    "system_prompt_len": 200,
    "question_len": 40,
    "output_len": OUTPUT_TOKENS,
}


def settings(address: str, reports: Path) -> dict[str, Any]:
    """Return what its configuration file says."""
    stage = {"num_requests": REQUESTS, "concurrency_level": 2}
    server = {"type": "vllm", "base_url": f"http://{address}", "model_name": MODEL, "ignore_eos": True}
    return {
        "api": {"type": "chat", "streaming": True},
        "data": {"type": "shared_prefix", "shared_prefix": DATA},
        "load": {"type": "concurrent", "stages": [stage], "num_workers": 1, "base_seed": 1},
        "server": server,
        "tokenizer": {"pretrained_model_name_or_path": str(HERE / "tokenizer")},
        "report": {"request_lifecycle": {"summary": True, "per_stage": False, "per_request": False}},
        "storage": {"local_storage": {"path": str(reports)}},
    }


@pytest.mark.timeout(900)
def test_requests_tokens_and_cached_tokens_are_the_engines(
    tmp_path: Path, pair: tuple[Process, Process]
) -> None:
    if not (HERE / "inference-perf" / "bin" / "inference-perf").exists():
        pytest.skip("inference-perf is not installed: it needs Python 3.12 or newer")
    balancer, engine = pair
    # A file of JSON is one of YAML.
    (tmp_path / "config.yml").write_bytes(orjson.dumps(settings(balancer.address, tmp_path / "out")))
    run_tool(tmp_path, "inference-perf", "--config_file", tmp_path / "config.yml", offline=True)
    said: dict[str, Any] = orjson.loads((tmp_path / "out" / "summary_lifecycle_metrics.json").read_bytes())
    done, engines = said["successes"], counted(engine)
    assert done["count"] == said["load_summary"]["count"] == engines["request_success_total"] == REQUESTS
    assert said["failures"]["count"] == 0
    assert done["prompt_tokens"]["total"] == engines["prompt_tokens_total"]
    assert done["prompt_tokens"]["cached"] == engines["prefix_cache_hits_total"] > 0
    assert done["output_tokens"]["total"] == engines["generation_tokens_total"] == REQUESTS * OUTPUT_TOKENS
    assert state_of(balancer.address)["counters"]["arrived"] == REQUESTS
