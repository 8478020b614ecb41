"""GuideLLM against a balancer before an emulated engine: what it reports is what the engine counted.

`make test-tools` installs it and runs this file. Counts and tokens are compared, no times.
"""

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.soak.processes import Process, state_of
from tests.tools.tool import HERE, counted, run_tool

REQUESTS, OUTPUT_TOKENS = 12, 16
WORKLOAD = (
    *("--data", f"kind=synthetic_text,prompt_tokens=64,output_tokens={OUTPUT_TOKENS},prefix_tokens=200"),
    *("--profile", "kind=concurrent,streams=2", "--constraint", f"kind=max_requests,count={REQUESTS}"),
)


@pytest.mark.timeout(900)
def test_requests_tokens_and_cached_tokens_are_the_engines(
    tmp_path: Path, pair: tuple[Process, Process]
) -> None:
    balancer, engine = pair
    run_tool(
        *(tmp_path, "guidellm", "run", "--backend", f"kind=openai_http,target=http://{balancer.address}"),
        *("--tokenizer", f"kind=hf_auto,model={HERE / 'tokenizer'}", *WORKLOAD),
        *("--output", "kind=json,path=report.json", "--disable-console-interactive"),
        offline=True,
    )
    said: dict[str, Any] = orjson.loads((tmp_path / "report.json").read_bytes())["benchmarks"][0]
    metrics, requests, engines = said["metrics"], said["requests"]["successful"], counted(engine)
    totals = metrics["request_totals"]
    assert totals["total"] == totals["successful"] == engines["request_success_total"] == REQUESTS
    # Its sums are of floats: 4668.999999999999 was seen.
    prompt, output = (
        round(metrics[f"{name}_token_count"]["successful"]["total_sum"]) for name in ("prompt", "output")
    )
    assert prompt == engines["prompt_tokens_total"]
    assert output == engines["generation_tokens_total"] == REQUESTS * OUTPUT_TOKENS
    assert sum(each["cached_tokens"] for each in requests) == engines["prefix_cache_hits_total"] > 0
    assert state_of(balancer.address)["counters"]["arrived"] == REQUESTS
