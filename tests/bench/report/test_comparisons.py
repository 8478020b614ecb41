from collections.abc import Callable
from typing import Any

import pytest

from nightshift.bench.report.comparisons import compared, comparisons
from nightshift.bench.report.verdict import verdict
from nightshift.bench.results import ResultFolder


def row(a: str, b: str, ratio: float, interval: list[float], said: str) -> dict[str, Any]:
    return {"a": a, "b": b, "figure": "x", "ratio": ratio, "interval": interval, "verdict": said}


def test_a_comparison_is_turned_round() -> None:
    known = {("a", "b", "x"): row("a", "b", 2.0, [1.6, 2.5], "more")}
    straight, turned = compared(known, "a", "b", "x"), compared(known, "b", "a", "x")
    assert straight is not None
    assert turned is not None
    assert (straight.ratio, straight.interval, straight.verdict) == (2.0, (1.6, 2.5), "more")
    assert turned.ratio == pytest.approx(0.5)
    assert turned.interval == pytest.approx((0.4, 0.625))
    assert turned.verdict == "less"
    assert compared(known, "a", "c", "x") is None


def test_each_system_is_compared_with_the_baseline(make_results: Callable[..., ResultFolder]) -> None:
    repeated = make_results(count=3, repetitions=3)
    markup = comparisons(repeated.summary)
    assert "1 Baseline [Pull] against 0 Baseline" in markup
    assert "All other pairs (1)" in markup
    said = [row["verdict"] for row in repeated.summary["comparisons"]]
    assert markup.count("within noise</span>") == sum(
        row["verdict"] == "within noise" for row in repeated.summary["comparisons"]
    )
    assert "within noise" in said


def test_one_repetition_compares_nothing(results: ResultFolder) -> None:
    assert "whether a difference is noise is not known" in comparisons(results.summary)


def system(name: str, weighted: float) -> dict[str, Any]:
    return {"id": None, "suffix": name, "legend": name, "requests": 1, "weighted_token_per_s": weighted}


def test_a_lead_within_noise_is_no_lead() -> None:
    noise = {"a": "one", "b": "two", "figure": "weighted_token_per_s", "verdict": "within noise"}
    summary = {
        "repetitions": 3,
        "systems": [system("one", 100.0), system("two", 120.0)],
        "comparisons": [noise],
    }
    assert "two and one are apart by no more than noise" in " ".join(verdict(summary))
    assert "Highest weighted throughput: two" in " ".join(verdict({**summary, "comparisons": []}))
