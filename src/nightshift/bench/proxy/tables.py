"""The results as tables: rich ones for the terminal, Markdown for `docs/performance.md`.

A figure stands as `median (low..high)` over the repetitions.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nightshift.bench.proxy.goals import Goal

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 150
"""Columns of text that the tables need; a pipe gets as many."""
HEADINGS = (
    "contestant",
    "CPU µs/{unit}",
    "ours / its",
    "added p50 ms",
    "added p99 ms",
    "{unit}s/s",
    "RSS MB",
    "failed",
)
GOAL_HEADINGS = ("goal", "cell", "bound", "measured", "verdict")


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


def cells_of(row: dict[str, Any]) -> tuple[str, ...]:
    """Return a contestant's line under `HEADINGS`."""
    spreads = ("cpu_us", "cpu_ratio", "added_p50_ms", "added_p99_ms")
    middles = (row[key]["median"] if row[key] else None for key in ("per_s", "rss_mb"))
    return (
        row["id"],
        *(figure(row[key]) for key in spreads),
        *("-" if middle is None else number(middle) for middle in middles),
        str(row["failed"]),
    )


def title_of(cell: dict[str, Any]) -> str:
    """Say in words what a cell is."""
    size = f"{cell['prompt_bytes'] / 1000:g} kB"
    prompts = "distinct prompts" if cell["cold"] else "the same few prompts"
    kind = "streams of 100 chunks, 20 ms apart" if cell["stream"] else "answers at once"
    connections = f"{cell['connections']} connection{'s' if cell['connections'] > 1 else ''}"
    hops = ", two proxies in a row" if cell["hops"] > 1 else ""
    return f"{cell['name']}: {size}, {prompts}, {kind}, {connections}{hops}"


def headings(cell: dict[str, Any]) -> list[str]:
    """Return the headings of a cell's table."""
    return [heading.format(unit=cell["unit"]) for heading in HEADINGS]


def goal_line(goal: Goal) -> tuple[str, ...]:
    """Return a goal's line under `GOAL_HEADINGS`."""
    value = "-" if goal.value is None else f"{number(goal.value)} {goal.unit}"
    return goal.what, goal.cell, f"≤ {goal.bound:g} {goal.unit}", value, goal.verdict


def rich_tables(summary: dict[str, Any], reached: Sequence[Goal]) -> "Iterator[Table]":
    """Yield a table for each cell, and one of the goals."""
    for cell in summary["cells"]:
        lines = [(cells_of(row), "red" if row["failed"] else "") for row in cell["contestants"]]
        yield _rich(title_of(cell), headings(cell), lines)
    styles = {"missed": "bold red", "not measured": "dim"}
    lines = [(goal_line(goal), styles.get(goal.verdict, "")) for goal in reached]
    yield _rich("goals: medians of ratios or differences within this run", GOAL_HEADINGS, lines)


def _rich(title: str, heads: Sequence[str], lines: Sequence[tuple[tuple[str, ...], str]]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title, style="bold"), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    texts = {"goal", "cell", "verdict", "contestant"}
    for head in heads:
        table.add_column(head, justify="left" if head in texts else "right", no_wrap=True)
    for line, style in lines:
        table.add_row(*(Text(cell, style=style) for cell in line))
    return table


def markdown(summary: dict[str, Any], reached: Sequence[Goal]) -> str:
    """Return the same tables, and what the run was, in Markdown."""
    parts = [_circumstances(summary)]
    for cell in summary["cells"]:
        lines = [cells_of(row) for row in cell["contestants"]]
        parts.append(f"### {title_of(cell)}\n\n{markdown_table(headings(cell), lines)}")
    parts.append("### Goals\n\n" + markdown_table(GOAL_HEADINGS, [goal_line(goal) for goal in reached]))
    missing = "".join(f"- {what}\n" for what in summary["not_measured"])
    return "\n".join([*parts, f"### Not measured\n\n{missing}"])


def markdown_table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; bars within cells would break it and are escaped."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

    return line(heads) + line(["---"] * len(heads)) + "".join(line(cells) for cells in lines)


def _circumstances(summary: dict[str, Any]) -> str:
    machine, load = summary["machine"], summary["load_average"]
    versions = ", ".join(f"{id_} {version}" for id_, version in summary["versions"].items())
    skipped = "".join(
        f"- left out: {id_} ({why.splitlines()[0]})\n" for id_, why in summary["skipped"].items()
    )
    return (
        f"- {summary['date']}, {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB,"
        f" {machine['system']}, Python {machine['python']}\n"
        f"- {versions}\n"
        f"- {summary['repetitions']} repetitions, {summary['seconds']:g} s each in plain cells, "
        f"seed {summary['seed']}; the whole run took {summary['elapsed_s']:.0f} s\n"
        f"- load average over one minute: {load['first']:.1f} before, at most {load['highest']:.1f}\n"
        f"{skipped}"
    )
