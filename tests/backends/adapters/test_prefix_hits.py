"""What pages of engines say of their prefix caches."""

from pathlib import Path

import pytest

from nightshift.backends.adapters.prefix_hits import PrefixHits, prefix_hits
from nightshift.backends.emulated.metrics import render
from nightshift.engine.stats import EngineStats, Totals

PAGES = Path(__file__).parent / "pages"


def test_sources_of_the_cache_are_added_up() -> None:
    page = b"""\
# TYPE sglang:prompt_tokens_total counter
sglang:prompt_tokens_total{model_name="m"} 1000
# TYPE sglang:cached_tokens_total counter
sglang:cached_tokens_total{cache_source="device",model_name="m"} 300
sglang:cached_tokens_total{cache_source="host",model_name="m"} 50.0
sglang:cached_tokens_created{model_name="m"} 1.7e9
"""
    assert prefix_hits(page) == PrefixHits(350, 1000)


def test_an_engine_without_a_hit_yet_has_none_and_is_known() -> None:
    assert prefix_hits(b'sglang:prompt_tokens_total{model_name="m"} 10\n') == PrefixHits(0, 10)


@pytest.mark.parametrize("name", ["llama_cpp_busy.txt", "tgi.txt", "other_software.txt", "html_error.txt"])
def test_who_does_not_count_is_not_known(name: str) -> None:
    assert prefix_hits((PAGES / name).read_bytes()) is None


@pytest.mark.parametrize("name", ["vllm.txt", "vllm_data_parallel.txt", "sglang.txt"])
def test_pages_of_engines_that_count(name: str) -> None:
    found = prefix_hits((PAGES / name).read_bytes())
    assert found is not None
    assert 0 < found.cached < found.prompt


def test_the_emulated_engine_counts_as_real_ones_do() -> None:
    totals = Totals(prompt_tokens=400, cached_tokens=100)
    page = render(EngineStats(0, 0, 0, 1, totals), "m").encode()
    assert prefix_hits(page) == PrefixHits(100, 400)
