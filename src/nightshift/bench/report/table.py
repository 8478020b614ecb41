"""The results in the terminal: one row a system, within 110 columns of text, or fewer figures within 80."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nightshift.bench.figures.names import shown_name, time_label
from nightshift.bench.report import columns
from nightshift.bench.report.columns import Column
from nightshift.bench.results import Json

if TYPE_CHECKING:
    from rich.table import Table

SHOWN: tuple[tuple[str, Column], ...] = (
    ("output\ntoken/s", columns.OUTPUT),
    ("TTFT\np50 s", columns.TTFT_P50),
    ("TTFT\np90 s", columns.TTFT_P90),
    ("E2E\np50 s", columns.E2E_P50),
    ("hit\nrate %", columns.HIT_RATE),
    ("handed\nover", columns.HANDED_OVER),
    ("\nfailed", columns.FAILED),
    ("unfin-\nished", columns.UNFINISHED),
)

LEFT_OUT_WHEN_NARROW = (columns.OUTPUT, columns.E2E_P50, columns.HANDED_OVER)

WIDTH = 110
"""Columns of text that the whole table needs; a pipe gets as many."""


def print_summary(summary: Json) -> None:
    """Print the table to standard output; into a pipe or file at full width, without colours.

    In a narrower terminal some figures are left out, and a line says where they are.
    """
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    narrow = console.width < WIDTH
    console.print(summary_table(summary, narrow=narrow))
    if narrow:
        console.print(f"More figures in a terminal of {WIDTH} columns, and in the report.", style="dim")


def summary_table(summary: Json, *, narrow: bool = False) -> "Table":
    """Make the table of a summary; the best value of a column is bold where it leads by more than `MARGIN`.

    Names are shown as they are: brackets in a legend are not markup.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = summary["systems"]
    figures = [(h, c) for h, c in SHOWN if not (narrow and c in LEFT_OUT_WHEN_NARROW)]
    title = " · ".join(
        part
        for part in (
            *(str(summary.get(key) or "") for key in ("experiment", "workload", "engine")),
            time_label(summary),
        )
        if part
    )
    table = Table(
        title=Text(title, style="bold"),
        caption=Text(_caption(summary), style="dim"),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("\nid", justify="right", no_wrap=True)
    table.add_column("\nsystem", overflow="fold", min_width=12, max_width=28)
    table.add_column("weighted\ntoken/s", justify="right", no_wrap=True)
    table.add_column(f"vs\n{_baseline_name(rows)}", justify="right", no_wrap=True)
    for heading, _column in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    baseline = columns.baseline_of(rows)
    shown = (columns.WEIGHTED, *(column for _heading, column in figures))
    noise = columns.noise_of(summary)
    best = {column.path: columns.best_row(column, rows, noise) for column in shown}

    def cell(column: Column, place: int) -> Text:
        row = rows[place]
        trouble = column is columns.FAILED and bool(column.value(row))
        style = "bold red" if trouble else "bold" if best[column.path] == place else ""
        return Text(column.text(row), style=style)

    for place, row in enumerate(rows):
        table.add_row(
            Text("" if row["id"] is None else str(row["id"])),
            Text(shown_name(row)),
            cell(columns.WEIGHTED, place),
            Text(columns.ratio_to(baseline, row)),
            *(cell(column, place) for _heading, column in figures),
        )
    return table


def _baseline_name(rows: Sequence[Json]) -> str:
    baseline = columns.baseline_of(rows)
    return "first" if baseline is None or baseline["id"] is None else f"id {baseline['id']}"


def _caption(summary: Json) -> str:
    repetitions = int(summary.get("repetitions") or 1)
    spread = "one repetition, no spread known" if repetitions == 1 else f"{repetitions} repetitions"
    return f"weighted = input + 2 × output tokens; bold = best, by more than {columns.MARGIN:.0%}; {spread}"
