"""The results as tables: for the terminal, and in Markdown for `docs/performance.md`."""

from collections.abc import Callable, Iterator
from typing import Any

from nightshift.bench.proxy.part_tables import choosing_tables, memory_tables, process_tables, stream_tables
from nightshift.bench.proxy.table import Table, figure, markdown_table, middle, number

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
GOAL_HEADINGS = ("goal", "where", "bound", "measured", "verdict")
_VERDICTS = {"missed": "bold red", "not measured": "dim"}


def cells_of(row: dict[str, Any]) -> tuple[str, ...]:
    """Return a contestant's line under `HEADINGS`."""
    spreads = ("cpu_us", "cpu_ratio", "added_p50_ms", "added_p99_ms")
    return (
        row["id"],
        *(figure(row[key]) for key in spreads),
        *(middle(row[key]) for key in ("per_s", "rss_mb")),
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


def cell_tables(part: dict[str, Any]) -> Iterator[Table]:
    """Yield a table for each cell."""
    for cell in part["cells"]:
        rows = cell["contestants"]
        yield Table(
            title_of(cell),
            [heading.format(unit=cell["unit"]) for heading in HEADINGS],
            [cells_of(row) for row in rows],
            ["red" if row["failed"] else "" for row in rows],
        )


def goal_line(goal: dict[str, Any]) -> tuple[str, ...]:
    """Return a goal's line under `GOAL_HEADINGS`."""
    value = "-" if goal["value"] is None else f"{number(goal['value'])} {goal['unit']}".rstrip()
    sign = "≥" if goal["at_least"] else "≤"
    bound = f"{sign} {goal['bound']:.3g} {goal['unit']}".rstrip()
    return goal["what"], goal["cell"], bound, value, goal["verdict"]


def goal_table(summary: dict[str, Any]) -> Table:
    """Return the table of all goals."""
    found = summary["goals"]
    return Table(
        "Goals: medians of ratios or differences within one run",
        GOAL_HEADINGS,
        [goal_line(goal) for goal in found],
        [_VERDICTS.get(goal["verdict"], "") for goal in found],
        words=2,
    )


_TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], Iterator[Table]]]] = {
    "cells": ("Requests and streams", cell_tables),
    "memory": ("Memory by distinct prompts", memory_tables),
    "open-streams": ("Open streams", stream_tables),
    "choosing": ("Choosing a target", choosing_tables),
    "processes": ("More than one core", process_tables),
}


def all_tables(summary: dict[str, Any]) -> Iterator[Table]:
    """Yield the tables of every part that was measured, and the goals."""
    for name, (_, tables) in _TABLES.items():
        if name in summary["parts"]:
            yield from tables(summary["parts"][name])
    yield goal_table(summary)


def markdown(summary: dict[str, Any]) -> str:
    """Return the same, and what each part was measured on, in Markdown."""
    chapters = []
    for name, (title, tables) in _TABLES.items():
        if name in summary["parts"]:
            part = summary["parts"][name]
            shown = "\n".join(markdown_table(table) for table in tables(part))
            chapters.append(f"## {title}\n\n{_circumstances(part)}\n{shown}")
    missing = "".join(f"- {what}\n" for what in summary["not_measured"])
    goals = markdown_table(goal_table(summary)).partition("\n\n")[2]
    return "\n".join([*chapters, f"## Against the goals\n\n{goals}", f"## Not measured\n\n{missing}"])


def _circumstances(part: dict[str, Any]) -> str:
    machine, load = part["machine"], part.get("load_average")
    versions = ", ".join(f"{id_} {version}" for id_, version in part.get("versions", {}).items())
    lines = [
        f"{part['date']}, {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}",
        versions or f"nightshift {part['version']}",
    ]
    if "seconds" in part:
        lines.append(
            f"{part['repetitions']} repetitions, {part['seconds']:g} s each in plain cells, "
            f"seed {part['seed']}"
        )
    highest = f", at most {load['highest']:.1f}" if load else ""
    lines.append(
        f"load average over one minute: {part['load_before']:.1f} before{highest}; "
        f"this part took {part['elapsed_s']:.0f} s"
    )
    lines += [f"left out: {id_} ({why.splitlines()[0]})" for id_, why in part.get("skipped", {}).items()]
    return "".join(f"- {line}\n" for line in lines)
