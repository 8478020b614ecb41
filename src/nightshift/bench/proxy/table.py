"""A table of figures, shown in a terminal or in Markdown. A figure is `median (low..high)`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table as RichTable

WIDTH = 150
"""Columns of text that the tables need; a pipe gets as many."""


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and lines of equal length."""

    title: str
    headings: Sequence[str]
    lines: Sequence[Sequence[str]]
    styles: Sequence[str] = ()
    """Of each line in a terminal; none where there are fewer."""
    words: int = 1
    """Columns from the left that hold words and not numbers; a last column `verdict` does too."""
    note: str = ""
    """What is to be said of the figures, after them."""

    def left(self, column: int) -> bool:
        """Whether a column holds words."""
        return column < self.words or self.headings[column] == "verdict"


def number(value: float) -> str:
    """Return three significant digits, without an exponent."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 3
    return f"{value:,.{digits}f}"


def figure(measured: dict[str, float] | None) -> str:
    """Return `median (low..high)`, or a dash."""
    if measured is None:
        return "-"
    low, high = number(measured["low"]), number(measured["high"])
    return f"{number(measured['median'])} ({low}..{high})"


def middle(measured: dict[str, float] | None) -> str:
    """Return the median alone, or a dash."""
    return "-" if measured is None else number(measured["median"])


def rich_table(table: Table) -> "RichTable":
    """Return it for a terminal."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(
        title=Text(table.title, style="bold"),
        caption=Text(table.note, style="dim") if table.note else None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        pad_edge=False,
    )
    for column, heading in enumerate(table.headings):
        shown.add_column(heading, justify="left" if table.left(column) else "right", no_wrap=True)
    for place, line in enumerate(table.lines):
        style = table.styles[place] if place < len(table.styles) else ""
        shown.add_row(*(Text(cell, style=style) for cell in line))
    return shown


def markdown_table(table: Table) -> str:
    """Return it in Markdown; bars within cells would break it and are escaped."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

    rule = ["---" if table.left(column) else "---:" for column in range(len(table.headings))]
    note = f"\n{table.note}\n" if table.note else ""
    return f"### {table.title}\n\n{line(table.headings)}{line(rule)}{''.join(map(line, table.lines))}{note}"
