"""One contract for every adapter, on pages written as the engines document them."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.backends.adapters import MetricsError, adapter_named, detect
from nightshift.balancing.messages import ReplicaReport
from nightshift.errors import UserError


@dataclass(frozen=True)
class Page:
    """A page of one engine, with the words that stand before its pending, running and KV samples."""

    engine: str
    pending: str
    running: str
    kv_use: str | None

    def text(self, *, pending: str = "2", running: str = "7", kv_use: str = "0.5") -> bytes:
        lines = ["# HELP other A metric.", "# TYPE other counter", "other_total 12"]
        gauges = [(self.pending, pending), (self.running, running)]
        gauges += [(self.kv_use, kv_use)] if self.kv_use else []
        for name, value in gauges:
            bare = name.partition("{")[0]
            lines += [f"# HELP {bare} About {bare} 99.", f"# TYPE {bare} gauge", f"{name} {value}"]
        return "\n".join([*lines, "last 1", ""]).encode()


LABELS = '{engine="0",model_name="org/a{b}c d"}'
PAGES = [
    Page(
        "vllm",
        f"vllm:num_requests_waiting{LABELS}",
        f"vllm:num_requests_running{LABELS}",
        f"vllm:kv_cache_usage_perc{LABELS}",
    ),
    Page("vllm", "vllm:num_requests_waiting", "vllm:num_requests_running", "vllm:gpu_cache_usage_perc"),
    Page(
        "sglang",
        f"sglang:num_queue_reqs{LABELS}",
        f"sglang:num_running_reqs{LABELS}",
        f"sglang:token_usage{LABELS}",
    ),
    Page("sglang", "sglang_num_queue_reqs", "sglang_num_running_reqs", "sglang_token_usage"),
    Page("llama.cpp", "llamacpp:requests_deferred", "llamacpp:requests_processing", None),
    Page(
        "llama.cpp",
        "llamacpp:requests_deferred",
        "llamacpp:requests_processing",
        "llamacpp:kv_cache_usage_ratio",
    ),
]


@pytest.mark.parametrize("page", PAGES)
class TestContract:
    def test_the_report(self, page: Page) -> None:
        expected = ReplicaReport(pending=2, running=7, kv_use=0.5 if page.kv_use else None)
        assert adapter_named(page.engine).read(page.text()) == expected

    def test_auto_finds_the_engine(self, page: Page) -> None:
        assert detect(page.text()).name == page.engine
        assert adapter_named("auto").read(page.text()) == adapter_named(page.engine).read(page.text())

    def test_floats_exponents_and_time_stamps(self, page: Page) -> None:
        report = adapter_named(page.engine).read(page.text(pending="2.0", running="1e+01 1700000000000"))
        assert (report.pending, report.running) == (2, 10)

    def test_ranks_are_summed_and_shares_averaged(self, page: Page) -> None:
        rank = page.text(pending="3", running="1", kv_use="1.0").replace(b'engine="0"', b'engine="1"')
        report = adapter_named(page.engine).read(page.text() + rank)
        assert (report.pending, report.running) == (5, 8)
        assert report.kv_use == (0.75 if page.kv_use else None)

    @pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "x", ""])
    def test_what_is_no_count_is_an_error_and_not_idleness(self, page: Page, value: str) -> None:
        with pytest.raises(MetricsError):
            adapter_named(page.engine).read(page.text(pending=value))

    def test_a_missing_count_is_an_error(self, page: Page) -> None:
        bare = page.running.partition("{")[0].encode()
        without = b"\n".join(line for line in page.text().split(b"\n") if not line.startswith(bare))
        with pytest.raises(MetricsError, match=bare.decode().split(":")[-1][-8:]):
            adapter_named(page.engine).read(without)

    def test_missing_kv_use_is_none(self, page: Page) -> None:
        if page.kv_use is not None:
            bare = page.kv_use.partition("{")[0].encode()
            without = b"\n".join(line for line in page.text().split(b"\n") if not line.startswith(bare))
            assert adapter_named(page.engine).read(without).kv_use is None

    def test_a_longer_name_is_another_metric(self, page: Page) -> None:
        bare = page.pending.partition("{")[0]
        more = f'{bare}_by_reason{{reason="capacity"}} 50\n# {bare} 60\n x{bare} 70\n'
        assert adapter_named(page.engine).read(more.encode() + page.text()).pending == 2

    def test_the_line_may_be_first_or_last_on_the_page(self, page: Page) -> None:
        text = f"{page.pending} 1\n{page.running} 2".encode()
        report = adapter_named(page.engine).read(text)
        assert (report.pending, report.running) == (1, 2)

    @given(garbage=st.binary(max_size=300))
    def test_any_bytes_give_a_report_or_the_typed_error(self, page: Page, garbage: bytes) -> None:
        cut = len(garbage) % 50
        try:
            adapter_named("auto").read(garbage + page.text()[cut:] + garbage)
        except MetricsError:
            pass


def test_a_page_of_no_known_engine() -> None:
    with pytest.raises(MetricsError, match="no engine that is known"):
        adapter_named("auto").read(b"process_cpu_seconds_total 3\n")


def test_an_unknown_engine_names_the_known() -> None:
    with pytest.raises(UserError, match=r"unknown engine 'gpt'; known are auto, vllm, sglang, llama\.cpp"):
        adapter_named("gpt")
