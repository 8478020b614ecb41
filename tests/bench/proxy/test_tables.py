"""Tables show every contestant, with its spread, and failed requests."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.table import WIDTH, figure, number, rich_table
from nightshift.bench.proxy.tables import all_tables, markdown

MakeSummary = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("value", "text"),
    [(12345.6, "12,346"), (123.4, "123"), (45.67, "45.7"), (1.234, "1.23"), (0.0123, "0.012"), (0.0, "0.00")],
)
def test_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_figures() -> None:
    assert figure(None) == "-"
    assert figure({"median": 2.0, "low": -1.5, "high": 30.0}) == "2.00 (-1.50..30.0)"


def test_markdown(make_summary: MakeSummary) -> None:
    text = markdown(make_summary(Cell("small-hot-200", connections=200), errors=1))
    assert "### small-hot-200: 1 kB, the same few prompts, answers at once, 200 connections" in text
    assert "| sglang-router | 150 (150..150) | 0.40 (0.40..0.40) |" in text
    assert "| CPU per request, of nginx's | small-hot-200 | ≤ 3 x | 2.40 x | met |" in text
    assert "- left out: smg (not installed; to take part: install it)\n" in text
    assert "- TLS\n" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| nginx ")}
    assert widths == {9}
    assert all(line.endswith(" 3 |") for line in text.splitlines() if line.startswith("| nginx "))


def test_in_a_terminal(make_summary: MakeSummary) -> None:
    shown = on_screen(make_summary(Cell("small-hot-200", connections=200)))
    assert all(id_ in shown for id_ in ("direct", "nightshift", "sglang-router", "nginx", "met"))
    assert "…" not in shown


def test_the_other_parts(make_parts: Callable[[], dict[str, Any]]) -> None:
    summary = make_parts()
    text = markdown(summary)
    assert "| nightshift | - | 100 | 110 | 120 | 130 | 150 | 200 |" in text
    assert "| nightshift | 9,000 | 9,000 | 0 | 12.0 | 25.0 | 0.20 | 0.90 | 200 |" in text
    assert "10,000 were wanted" in text
    assert "| prefix_tree | hot | 1,000 | 40.0 | 40.0 |" in text
    assert "| 2 processes, own replicas | 15,000 (15,000..15,000) | 1.50 (1.50..1.50) |" in text
    assert "…" not in on_screen(summary)


def on_screen(summary: dict[str, Any]) -> str:
    out = io.StringIO()
    console = Console(file=out, width=WIDTH)
    for table in all_tables(summary):
        console.print(rich_table(table))
    return out.getvalue()
