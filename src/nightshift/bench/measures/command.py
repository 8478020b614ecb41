"""`nightshift bench measures`: what each figure is, and what other tools call it."""

from typing import Annotated

import typer

from nightshift.bench.measures.definitions import DEFINITIONS, PARTS
from nightshift.bench.measures.slo import DEFAULT_SLO, SLO_HELP
from nightshift.bench.measures.vocabulary import OTHER_NAMES, Names


def measures_command(
    *, json: Annotated[bool, typer.Option("--json", help="As JSON: figure and definition.")] = False
) -> None:
    """Say how each figure of a result is computed, and what other load generators call it."""
    import orjson

    if json:
        typer.echo(orjson.dumps({**DEFINITIONS, **PARTS}, option=orjson.OPT_INDENT_2))
        return
    elsewhere = {names.figure: names for names in OTHER_NAMES}
    for name, text in {**DEFINITIONS, **PARTS}.items():
        typer.echo(f"{typer.style(name, bold=True)}\n    {text}")
        for figure, names in elsewhere.items():
            if figure == name or figure.startswith(f"{name}."):
                typer.secho(f"    {_as_line(names)}", dim=True)
    typer.echo(f"{typer.style('--slo', bold=True)} (default {DEFAULT_SLO.text})\n    {SLO_HELP}")


def _as_line(names: Names) -> str:
    return f"{names.figure} elsewhere: {names.called}." + (f" {names.note}" if names.note else "")
