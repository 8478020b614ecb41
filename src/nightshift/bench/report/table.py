"""The results in the terminal: one row a system, within 120 columns of text, or fewer figures within less."""

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
    ("good-\nput %", columns.GOOD_SHARE),
    ("hit\nrate %", columns.HIT_RATE),
    ("imbal-\nance ×", columns.IMBALANCE),
    ("handed\nover", columns.HANDED_OVER),
    ("\nfailed", columns.FAILED),
    ("unfin-\nished", columns.UNFINISHED),
)

LEAVE_FIRST = (
    columns.HANDED_OVER, columns.OUTPUT, columns.E2E_P50, columns.IMBALANCE, columns.GOOD_SHARE,
    columns.HIT_RATE, columns.TTFT_P50,
)  # fmt: skip
"""What a narrower terminal goes without, in this order, until the rest fits. Failures always stay."""

WIDTH = 120
"""Characters that the whole table has room in, with usual numbers; a pipe gets as many, or more."""
NAME_WIDTH = 20
"""So much of a system's name stays on one line, before a figure is left out for it."""
_GAP = 2

Heading = tuple[str, Column]


def print_summary(summary: Json) -> None:
    """Print the table to standard output; into a pipe or file at full width, without colours.

    In a narrower terminal some figures are left out, and a line says which, and where they are.
    """
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(WIDTH, _needed(summary["systems"], SHOWN)))
    console.print(summary_table(summary, console.width))
    _figures, gone = figures_at(summary, console.width)
    if gone:
        names = ", ".join(column.title for _heading, column in gone)
        console.print(f"Left out at this width: {names}. All are in the report.", style="dim")


def figures_at(summary: Json, width: int) -> tuple[list[Heading], list[Heading]]:
    """Return the columns that a table of `width` characters has, and those left out for want of room.

    A figure that no system has is in neither.
    """
    rows = summary["systems"]
    there = columns.present([column for _heading, column in SHOWN], rows)
    found = [(heading, column) for heading, column in SHOWN if column in there]
    gone: list[Heading] = []
    for column in LEAVE_FIRST:
        if _needed(rows, found) <= width:
            break
        gone += [one for one in found if one[1] is column]
        found = [one for one in found if one[1] is not column]
    return found, gone


def _needed(rows: Sequence[Json], figures: Sequence[Heading]) -> int:
    """Characters of a line with these figures; those of some scripts are two wide."""
    from rich.cells import cell_len

    widths = [
        max(map(cell_len, (*heading.split("\n"), *(column.text(row) for row in rows))))
        for heading, column in (_weighted(), *figures)
    ]
    fixed = (
        max([2, *(len(_number(row)) for row in rows)]),
        min(NAME_WIDTH, max([len("system"), *(cell_len(shown_name(row)) for row in rows)])),
        max(len(text) for text in (_baseline_name(rows), *_ratios(rows))),
    )
    return sum(fixed) + sum(widths) + _GAP * (len(fixed) + len(widths) - 1)


def _weighted() -> Heading:
    return "weighted\ntoken/s", columns.WEIGHTED


def _number(row: Json) -> str:
    return "" if row["id"] is None else str(row["id"])


def _ratios(rows: Sequence[Json]) -> list[str]:
    baseline = columns.baseline_of(rows)
    return [columns.ratio_to(baseline, row) for row in rows]


def summary_table(summary: Json, width: int = WIDTH) -> "Table":
    """Make the table of a summary; the best value of a column is bold where it leads by more than `MARGIN`.

    `width` is in characters. Names are shown as they are: brackets in a legend are not markup.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = summary["systems"]
    figures, _gone = figures_at(summary, width)
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
        caption=Text("\n" + _caption(summary, [column for _heading, column in figures]), style="dim"),
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("\nid", justify="right", no_wrap=True)
    table.add_column("\nsystem", overflow="fold", min_width=12, max_width=28)
    table.add_column(_weighted()[0], justify="right", no_wrap=True)
    table.add_column(f"vs\n{_baseline_name(rows)}", justify="right", no_wrap=True)
    for heading, _column in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    ratios = _ratios(rows)
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
            Text(_number(row)),
            Text(shown_name(row)),
            cell(columns.WEIGHTED, place),
            Text(ratios[place]),
            *(cell(column, place) for _heading, column in figures),
        )
    return table


def _baseline_name(rows: Sequence[Json]) -> str:
    baseline = columns.baseline_of(rows)
    return "first" if baseline is None or baseline["id"] is None else f"id {baseline['id']}"


def _caption(summary: Json, shown: Sequence[Column]) -> str:
    repetitions = int(summary.get("repetitions") or 1)
    slo = (summary.get("slo") or {}).get("text")
    parts = ["weighted = input + 2 × output tokens"]
    if columns.GOOD_SHARE in shown:
        parts.append(f"goodput = requests within the SLO{f' ({slo}, in s)' if slo else ''}")
    if columns.IMBALANCE in shown:
        parts.append("imbalance = outstanding of the most / least loaded replica, 1 is even")
    parts.append(f"bold = best, by more than {columns.MARGIN:.0%}")
    parts.append("one repetition, no spread known" if repetitions == 1 else f"{repetitions} repetitions")
    return "; ".join(parts)
