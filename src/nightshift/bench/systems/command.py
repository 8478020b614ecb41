"""`nightshift bench systems`."""

import sys
from typing import Annotated

import typer

_FILE_WIDTH = 200
"""Columns where the output is no terminal: every row in one line."""


def systems_command(
    *,
    set_: Annotated[
        str | None,
        typer.Option("--set", help="Only these: seed, paper, wide, figure9, figure10, field, nightshift."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, for programs, with all switches.")
    ] = False,
) -> None:
    """Show the systems that can be compared: what each does, and what to know beside its numbers.

    `--systems` of `bench compare`, `system:` of a service file and `--system` take a number, a name, or a
    place in a set (`paper:4`); `--systems` takes a whole set too.
    """
    from nightshift.bench.systems.table import as_json as described
    from nightshift.bench.systems.table import rows, systems_of

    if as_json:
        import orjson

        found = [described(system) for system in systems_of(set_)]
        sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for column in ("no.", "name", "legend", "balancers", "across", "to replicas", "replicas by", "peers by"):
        table.add_column(column, overflow="fold")
    shown = rows(set_)
    for row in shown:
        table.add_row(
            *(row.number, row.suffix, row.legend, row.balancers),
            *(row.across, row.to_replicas, row.replica_policy, row.peer_policy),
        )
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(table)
    for row in shown:
        if row.note:
            console.print(f"{row.suffix}: {row.note}.")
