"""Single traps of the engines' pages, each on the few lines that make it."""

import pytest

from nightshift.backends.adapters import (
    UNKNOWN,
    MetricsError,
    adapter_named,
    detect,
    no_signal,
    read_answer,
)
from nightshift.balancing.messages import ReplicaReport
from nightshift.errors import UserError


def read(engine: str, *lines: str) -> ReplicaReport:
    return adapter_named(engine).read("\n".join(lines).encode())


def test_the_newer_of_two_names_counts() -> None:
    """vLLM wrote both for a while; one who read only the old name saw zeros afterwards."""
    both = ("vllm:gpu_cache_usage_perc 0.0", "vllm:kv_cache_usage_perc 0.8")
    assert read("vllm", *both).kv_use == 0.8
    assert read("vllm", both[0]).kv_use == 0.0


@pytest.mark.parametrize(
    "other",
    [
        'vllm:num_requests_waiting_by_reason{reason="capacity"} 50',
        "vllm:num_requests_waiting_total 50",
        "# vllm:num_requests_waiting 50",
        " vllm:num_requests_waiting 50",
        "xvllm:num_requests_waiting 50",
        'other{text="',
        'other{text="\\nvllm:num_requests_waiting 50"} 1',
    ],
)
def test_other_lines_that_hold_the_name(other: str) -> None:
    assert read("vllm", other, "vllm:num_requests_waiting 2", other).pending == 2
    assert read("vllm", other).pending is None


@pytest.mark.parametrize(
    "labels",
    [
        "",
        "{}",
        ' {model_name="m"}',
        '{model_name="m",}',
        '{model_name="a{b} c 7"}',
        r'{model_name="a\"} 7 \\"}',
        r'{model_name="back\\slash\nline"}',
        '{model_name="ünï 模型"}',
        '{model_name="# {x} 1"}',
    ],
)
@pytest.mark.parametrize("space", [" ", "\t", "   "])
def test_labels_may_hold_anything(labels: str, space: str) -> None:
    line = f"vllm:num_requests_waiting{labels}{space}3"
    assert read("vllm", line).pending == 3
    assert read("vllm", f"{line} 1795461487123 ").pending == 3


def test_an_unclosed_label_is_unknown() -> None:
    assert read("vllm", 'vllm:num_requests_waiting{model_name="m 3', "x 1").pending is None


def test_one_rank_that_does_not_know_makes_all_unknown() -> None:
    lines = ('vllm:num_requests_waiting{engine="0"} 0', 'vllm:num_requests_waiting{engine="1"} NaN')
    assert read("vllm", *lines).pending is None


def test_a_full_rank_is_not_hidden_by_an_idle_one() -> None:
    lines = ('vllm:kv_cache_usage_perc{engine="0"} 0.02', 'vllm:kv_cache_usage_perc{engine="1"} 0.99')
    assert read("vllm", *lines).kv_use == 0.99


def test_the_ranks_of_tensor_parallelism_are_one_engine() -> None:
    def lines(name: str) -> list[str]:
        ranks = [(dp, tp) for dp in (0, 1, 10) for tp in (0, 1)]
        return [f'sglang:{name}{{moe_dp_rank="9",dp_rank="{dp}",tp_rank="{tp}"}} 4' for dp, tp in ranks]

    report = read("sglang", *lines("num_queue_reqs"), *lines("num_running_reqs"))
    assert (report.pending, report.running) == (12, 12)


def test_gauges_far_apart_are_found() -> None:
    between = "\n".join(f'histogram_bucket{{le="{n}"}} {n}' for n in range(2000))
    for order in (("waiting", "running"), ("running", "waiting")):
        lines = [f"vllm:num_requests_{word} 5" for word in order]
        report = read("vllm", lines[0], between, lines[1], between, "vllm:kv_cache_usage_perc 0.5")
        assert report == ReplicaReport(5, 5, 0.5)


def test_triton_tells_its_requests_apart_by_label() -> None:
    lines = [
        f'nv_trt_llm_request_metrics{{model="{model}",request_type="{kind}",version="1"}} {count}'
        for model in ("a", 'request_type=\\"waiting\\"')
        for kind, count in (("waiting", 1), ("scheduled", 10), ("max", 512))
    ]
    assert read("triton", *lines) == ReplicaReport(2, 20, None)


@pytest.mark.parametrize(
    "page",
    [
        "[]",
        " [ ] ",
        "[null]",
        "[1]",
        '["numQueuedRequests"]',
        "[[]]",
        "[{}]",
        '[{"numQueuedRequests": null, "numActiveRequests": -1, "kvCacheStats": []}]',
        '[{"numQueuedRequests": "3", "numActiveRequests": true}]',
        '[{"kvCacheStats": {"usedNumBlocks": 1, "maxNumBlocks": 0}}]',
        '[{"kvCacheStats": {"usedNumBlocks": 3, "maxNumBlocks": 2}}]',
    ],
)
def test_iterations_that_say_nothing(page: str) -> None:
    """`[]` is what trtllm-serve says when it is idle, and when another reader was quicker."""
    assert read("tensorrt-llm", page) == UNKNOWN


def test_half_a_list_is_an_error() -> None:
    with pytest.raises(MetricsError, match="no JSON"):
        read("auto", '[{"numQueuedRequests": 3')


def test_where_to_ask() -> None:
    assert adapter_named("tensorrt-llm").metrics_path == "/prometheus/metrics"
    paths = {
        adapter_named(name).metrics_path for name in ("auto", "vllm", "sglang", "llama.cpp", "tgi", "triton")
    }
    assert paths == {"/metrics"}


@pytest.mark.parametrize("status", [401, 403, 404, 405, 501])
def test_an_engine_without_metrics_is_up_and_unknown(status: int) -> None:
    body = b'{"error":{"code":501,"message":"This server does not support metrics endpoint."}}'
    assert no_signal(status)
    assert read_answer(adapter_named("llama.cpp"), status, body) == UNKNOWN


@pytest.mark.parametrize("status", [200, 204, 302, 400, 500, 502, 503])
def test_an_engine_in_trouble_is_not(status: int) -> None:
    """llama.cpp answers 503 while it loads its model."""
    assert not no_signal(status)
    if status != 200:
        with pytest.raises(MetricsError, match=str(status)):
            read_answer(adapter_named("vllm"), status, b"vllm:num_requests_waiting 0\n")


def test_a_good_answer_is_read() -> None:
    assert read_answer(adapter_named("vllm"), 200, b"vllm:num_requests_waiting 1\n").pending == 1


def test_detect_names_the_known() -> None:
    with pytest.raises(MetricsError, match="no engine that is known"):
        detect(b"process_cpu_seconds_total 3\n")


def test_an_unknown_engine_names_the_known() -> None:
    known = r"auto, vllm, sglang, llama\.cpp, tgi, tensorrt-llm, triton"
    with pytest.raises(UserError, match=rf"unknown engine 'gpt'; known are {known}"):
        adapter_named("gpt")
