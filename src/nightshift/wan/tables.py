"""The tables that `nightshift wan` prints."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def print_links(state: dict[str, Any]) -> None:
    """Print what GET /links answered."""
    table = Table(box=SIMPLE_HEAD, padding=0)  # to fit into 80 columns
    table.add_column("link, direction", overflow="fold")
    for title in ("state", "one way\nms", "open", "kB", "chunks", "late ms\np50", "\np99"):
        table.add_column(title, justify="right", no_wrap=True)
    for link in state["links"]:
        table.add_row(link["name"])
        ways = (("forward", link["from"], link["to"]), ("back", link["to"], link["from"]))
        for way, source, destination in ways:
            lane = link[way]
            table.add_row(
                f"  {source} > {destination}",
                "reset" if link["refusing"] else lane["state"],
                f"{lane['one_way_ms']:.2f}",
                str(link["connections"]["open"]),
                f"{lane['bytes'] / 1000:.1f}",
                str(lane["chunks"]),
                f"{lane['late_ms']['p50']:.2f}",
                f"{lane['late_ms']['p99']:.2f}",
            )
    console = Console()
    console.print(table)
    per_chunk = state["cpu_us_per_chunk"]
    cost = "nothing relayed yet" if per_chunk is None else f"{per_chunk} µs CPU per chunk"
    console.print(f"emulated, time runs x{state['speed']:g}; {cost}")


def print_measurement(results: Sequence[dict[str, Any]]) -> None:
    """Print what `measure_all` returned."""
    table = Table("path", box=SIMPLE_HEAD)
    for title in ("asked ms", "added ms p50", "p99", "CPU µs per chunk", "chunks"):
        table.add_column(title, justify="right")
    for row in results:
        cpu = row["cpu_us_per_chunk"]
        table.add_row(
            row["path"],
            f"{row['asked_ms']:.1f}",
            f"{row['added_ms']['p50']:.3f}",
            f"{row['added_ms']['p99']:.3f}",
            "-" if cpu is None else f"{cpu:.1f}",
            str(row["chunks"]),
        )
    Console().print(table)
