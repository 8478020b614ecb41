"""Each adapter on whole pages, as its engine writes them, and on the same pages after an accident."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.backends.adapters import UNKNOWN, MetricsError, adapter_named, detect
from nightshift.balancing.messages import ReplicaReport

PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True)
class Page:
    file: str
    engine: str
    report: ReplicaReport

    @property
    def bytes(self) -> bytes:
        return (PAGES / self.file).read_bytes()


EXPECTED = [
    Page("vllm.txt", "vllm", ReplicaReport(2, 7, 0.5)),
    Page("vllm_data_parallel.txt", "vllm", ReplicaReport(3, 55, 0.97)),
    Page("vllm_0_8.txt", "vllm", ReplicaReport(1, 5, 0.25)),
    Page("sglang.txt", "sglang", ReplicaReport(2, 7, 0.28)),
    Page("sglang_underscore.txt", "sglang", ReplicaReport(2, 7, 0.28)),
    Page("sglang_data_parallel.txt", "sglang", ReplicaReport(3, 30, 0.9)),
    Page("sglang_all_schedulers.txt", "sglang", ReplicaReport(1, 8, 0.6)),
    Page("sglang_priority.txt", "sglang", ReplicaReport(5, 6, 0.7)),
    Page("llama_cpp_busy.txt", "llama.cpp", ReplicaReport(1, 2, None)),
    Page("llama_cpp_idle.txt", "llama.cpp", ReplicaReport(0, 0, None)),
    Page("tgi.txt", "tgi", ReplicaReport(3, 12, None)),
    Page("tgi_before_first_request.txt", "tgi", UNKNOWN),
    Page("tensorrt_llm_prometheus.txt", "tensorrt-llm", ReplicaReport(4, 9, 0.375)),
    Page("tensorrt_llm_iterations.txt", "tensorrt-llm", ReplicaReport(3, 16, 0.5)),
    Page("triton.txt", "triton", ReplicaReport(3, 6, 0.5625)),
]
TEXT = [page for page in EXPECTED if page.file != "tensorrt_llm_iterations.txt" and page.report != UNKNOWN]

of_each = pytest.mark.parametrize("page", EXPECTED, ids=lambda page: page.file)
of_each_text = pytest.mark.parametrize("page", TEXT, ids=lambda page: page.file)


def is_gauge(line: bytes) -> bool:
    """Tell whether a line is one of those that are read."""
    name = line.partition(b"{")[0].partition(b" ")[0]
    words = (b"waiting", b"running", b"queue_reqs", b"running_reqs", b"token_usage", b"cache_usage_perc")
    more = (b"requests_deferred", b"requests_processing", b"_queue_size", b"_current_size", b"_utilization")
    return name.endswith(words + more) or name.startswith(b"nv_trt_llm_")


def with_values(page: bytes, value: bytes) -> bytes:
    """Return the page with `value` for every load gauge."""
    lines = page.split(b"\n")
    return b"\n".join(
        line.rpartition(b" ")[0] + b" " + value if is_gauge(line) else line for line in lines if line
    )


@of_each
def test_what_the_page_says(page: Page) -> None:
    assert adapter_named(page.engine).read(page.bytes) == page.report


@of_each
def test_auto_finds_the_engine(page: Page) -> None:
    assert detect(page.bytes).name == page.engine
    assert adapter_named("auto").read(page.bytes) == page.report


def test_auto_follows_when_another_engine_stands_behind_the_address() -> None:
    auto = adapter_named("auto")
    for page in [*EXPECTED, *reversed(EXPECTED)]:
        assert auto.read(page.bytes) == page.report


@of_each
def test_the_line_ends_of_another_system(page: Page) -> None:
    assert adapter_named(page.engine).read(page.bytes.replace(b"\n", b"\r\n")) == page.report


@of_each_text
def test_time_stamps_behind_the_values(page: Page) -> None:
    stamped = b"\n".join(
        line + b" 1795461487123" if line and line[:1] != b"#" else line for line in page.bytes.split(b"\n")
    )
    assert adapter_named(page.engine).read(stamped) == page.report


@of_each_text
def test_no_last_line_end_and_the_gauges_last(page: Page) -> None:
    lines = [line for line in page.bytes.split(b"\n") if line]
    load = [line for line in lines if is_gauge(line)]
    rest = [line for line in lines if not is_gauge(line)]
    assert adapter_named(page.engine).read(b"\n".join(rest + load)) == page.report
    assert adapter_named(page.engine).read(b"\n".join(load + rest)) == page.report


@of_each_text
def test_exponents(page: Page) -> None:
    report = adapter_named(page.engine).read(with_values(page.bytes, b"1.2e+01"))
    ranks = 2 if "data_parallel" in page.file else 1
    assert (report.pending, report.running) == (12 * ranks, 12 * ranks)
    assert report.kv_use is None, "1200 % is no share"


@pytest.mark.parametrize("value", [b"NaN", b"+Inf", b"-Inf", b"-1", b"-0.5", b"1e300", b"x", b"0x1F", b""])
@of_each_text
def test_what_is_no_number_of_anything_is_unknown(page: Page, value: bytes) -> None:
    """An engine that does not know is neither idle nor full, whatever a float of it would compare to."""
    assert adapter_named(page.engine).read(with_values(page.bytes, value)) == UNKNOWN


@of_each_text
def test_each_missing_gauge_is_unknown_by_itself(page: Page) -> None:
    without = b"\n".join(line for line in page.bytes.split(b"\n") if not is_gauge(line))
    assert adapter_named(page.engine).read(without) == UNKNOWN
    assert adapter_named("auto").read(without) == UNKNOWN


@of_each_text
def test_help_and_type_without_a_sample_is_unknown(page: Page) -> None:
    """So the Prometheus client writes a gauge with labels before it was set."""
    only = b"\n".join(line for line in page.bytes.split(b"\n") if line.startswith(b"#"))
    assert adapter_named(page.engine).read(only) == UNKNOWN


@pytest.mark.parametrize("engine", ["auto", "vllm", "sglang", "llama.cpp", "tgi", "tensorrt-llm", "triton"])
@pytest.mark.parametrize("file", ["other_software.txt", "tensorrt_llm_1_1_prometheus.txt"])
def test_pages_without_our_gauges(engine: str, file: str) -> None:
    """Another program's page, or that of an engine that is not known here: it answers, that is all."""
    assert adapter_named(engine).read((PAGES / file).read_bytes()) == UNKNOWN


@pytest.mark.parametrize("engine", ["auto", "vllm", "sglang", "llama.cpp", "tgi", "tensorrt-llm", "triton"])
def test_an_empty_page_is_unknown_and_html_is_an_error(engine: str) -> None:
    adapter = adapter_named(engine)
    assert adapter.read(b"") == adapter.read(b"\n\n") == UNKNOWN
    with pytest.raises(MetricsError, match="HTML"):
        adapter.read((PAGES / "html_error.txt").read_bytes())


@of_each_text
@given(data=st.data())
def test_cut_anywhere_and_with_garbage_around_it(page: Page, data: st.DataObject) -> None:
    text = page.bytes
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    garbage = data.draw(st.binary(max_size=60))
    for adapter in (adapter_named("auto"), adapter_named(page.engine)):
        try:
            report = adapter.read(garbage + text[start:end] + garbage)
        except MetricsError:
            continue
        assert report.pending is None or report.pending >= 0
        assert report.running is None or report.running >= 0
        assert report.kv_use is None or 0 <= report.kv_use <= 1
