"""`nightshift bench measures`: what each figure is, and what other tools call it."""

from dataclasses import astuple
from typing import Annotated

import typer

from nightshift.bench.measures.definitions import DEFINITIONS, PARTS
from nightshift.bench.measures.slo import DEFAULT_SLO, SLO_HELP


def measures_command(
    *, json: Annotated[bool, typer.Option("--json", help="As JSON: figure and definition.")] = False
) -> None:
    """Say how each figure of a result is computed, and what other load generators call it."""
    import orjson

    if json:
        typer.echo(orjson.dumps({**DEFINITIONS, **PARTS}, option=orjson.OPT_INDENT_2))
        return
    for name, text in {**DEFINITIONS, **PARTS}.items():
        typer.echo(f"{typer.style(name, bold=True)}\n    {text}")
    typer.echo(f"{typer.style('--slo', bold=True)} (default {DEFAULT_SLO.text})\n    {SLO_HELP}")
    _print_names()


def _print_names() -> None:
    from rich import print as show
    from rich.table import Table

    from nightshift.bench.measures.vocabulary import OTHER_NAMES

    table = Table(title="What others call it", show_lines=True)
    for heading in ("Here", "AIPerf", "GuideLLM", "inference-perf", "vllm bench serve", "Note"):
        table.add_column(heading, overflow="fold")
    for names in OTHER_NAMES:
        table.add_row(*astuple(names))
    show(table)
