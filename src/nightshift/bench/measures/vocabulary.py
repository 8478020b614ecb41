"""What other load generators call the same figure, and where a name means something else there.

From the sources and documentation of AIPerf 0.13, GuideLLM 0.8, inference-perf 0.7 and `vllm bench serve`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NO_NAME = "–"
"""Where a tool has nothing like it."""
TOOLS = ("AIPerf", "GuideLLM", "inference-perf", "vLLM")


@dataclass(frozen=True, slots=True)
class Names:
    """One figure, and `NO_NAME` where a tool has none."""

    figure: str
    """Ours, as in `summary.json`."""
    aiperf: str
    guidellm: str
    inference_perf: str
    vllm: str
    """With `mean`, `median` or a percentile before it there."""
    note: str = ""

    def elsewhere(self) -> Mapping[str, str]:
        """Return what each of `TOOLS` calls it."""
        return dict(zip(TOOLS, (self.aiperf, self.guidellm, self.inference_perf, self.vllm), strict=True))

    @property
    def called(self) -> str:
        """The names in one line, without the tools that have none."""
        return ", ".join(f"{tool} {name}" for tool, name in self.elsewhere().items() if name != NO_NAME)


OTHER_NAMES = (
    Names(
        "ttft_s",
        "time_to_first_token",
        "time_to_first_token_ms",
        "time_to_first_token",
        "ttft_ms",
        "All to the first content that is not empty; inference-perf has none for answers of one token.",
    ),
    Names("e2e_s", "request_latency", "request_latency", "request_latency", "e2el_ms"),
    Names(
        "tpot_s",
        "inter_token_latency",
        "inter_token_latency_ms",
        "time_per_output_token",
        "tpot_ms",
        "One formula, three names. GuideLLM's time_per_output_token_ms is E2E / output tokens: our ntpot_s.",
    ),
    Names("ntpot_s", "–", "time_per_output_token_ms", "normalized_time_per_output_token", "–"),
    Names(
        "itl_s",
        "inter_chunk_latency",
        "–",
        "inter_token_latency",
        "itl_ms",
        "The gaps themselves, of all requests in one pool. AIPerf keeps a list for each request.",
    ),
    Names(
        "request_per_s", "request_throughput", "requests_per_second", "requests_per_sec", "request_throughput"
    ),
    Names(
        "output_token_per_s",
        "output_token_throughput",
        "output_tokens_per_second",
        "output_tokens_per_sec",
        "output_throughput",
    ),
    Names(
        "token_per_s",
        "total_token_throughput",
        "tokens_per_second",
        "total_tokens_per_sec",
        "total_token_throughput",
    ),
    Names(
        "goodput.request_per_s",
        "goodput",
        "request_goodput",
        "request_goodput",
        "request_goodput",
        "With an SLO given there; limits are in ms for AIPerf and vLLM, in s for inference-perf and here.",
    ),
    Names("goodput.token_per_s", "–", "–", "token_goodput", "–", "Input + output tokens of good requests."),
    Names(
        "goodput.share",
        "good_request_fraction",
        "slo_attainment",
        "goodput_percentage",
        "–",
        "Theirs is of those that finished (GuideLLM: failed too); ours has failed and late cut-off ones.",
    ),
    Names(
        "prefix_hit_rate",
        "overall_usage_prompt_cache_read_pct",
        "–",
        "kv_cache_hit_percent",
        "–",
        "Cached / prompt tokens as the engine's usage says.",
    ),
    Names("schedule_lag_s", "replay_schedule_lag_p50, _p90, _p99", "–", "schedule_delay", "–"),
)
