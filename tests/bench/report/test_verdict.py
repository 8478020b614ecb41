from typing import Any

from nightshift.bench.report.verdict import verdict


def row(system: int, legend: str, weighted: float, p50: float, failed: int = 0) -> dict[str, Any]:
    return {
        "id": system,
        "legend": legend,
        "requests": 200,
        "failed": failed,
        "weighted_token_per_s": weighted,
        "ttft_s": {"p50": p50, "p90": 3 * p50},
    }


def said(*rows: dict[str, Any], **more: Any) -> str:
    return " ".join(verdict({"systems": list(rows), **more}))


def test_a_clear_lead_is_named_with_its_distance() -> None:
    text = said(row(0, "Base", 5000.0, 0.8), row(3, "Near", 5500.0, 0.5), row(5, "Ours", 5800.0, 0.4))
    assert "Highest weighted throughput: Ours (5) with 5,800 token/s" in text
    assert "then Near (3) with 5,500 token/s (5.5% more); Base (0) has 5,000 (16.0% more)." in text
    assert "Lowest median TTFT: Ours (5) with 0.400 s, then Near (3) with 0.500 s (20.0% less)" in text


def test_no_winner_within_the_margin() -> None:
    text = said(row(0, "Base", 5000.0, 0.8), row(5, "Ours", 5050.0, 0.4))
    assert "No single best weighted throughput: Ours (5) and Base (0) are within 2% of each other" in text
    assert "all systems lie from 5,000 to 5,050 token/s" in text


def test_one_repetition_has_no_spread() -> None:
    assert "One repetition: no spread is known" in said(row(0, "Base", 1.0, 1.0))
    assert "Means of 3 repetitions" in said(row(0, "Base", 1.0, 1.0), repetitions=3)


def test_failures_come_first() -> None:
    sentences = verdict({"systems": [row(0, "Base", 1.0, 1.0, failed=12), row(1, "Other", 9.0, 0.1)]})
    assert sentences[0].startswith("Requests failed: 12 of 200 with Base (0).")
    assert verdict({"systems": [row(0, "Base", 1.0, 1.0)]})[0] == "No request failed."


def test_systems_without_a_figure_are_passed_over() -> None:
    silent = row(1, "Silent", 0.0, 0.0) | {"ttft_s": None}
    assert "TTFT" not in said(row(0, "Base", 5.0, 1.0), silent)
