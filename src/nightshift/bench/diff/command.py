"""`nightshift bench diff A B`: what changed from one result folder to another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nightshift.bench.diff.rows import Difference


def diff(
    a: Annotated[
        Path, typer.Argument(help="A folder that `nightshift bench compare` has written.", metavar="A")
    ],
    b: Annotated[Path, typer.Argument(help="Another one.", metavar="B")],
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every figure, not the main ones.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare two runs: each system and figure in both, their ratio, and whether that is more than noise.

    Systems are matched by name. Repetitions are paired by seed where both runs asked the same; a single
    repetition has no known noise, and the row says so. What the runs did differently is listed first.
    """
    from nightshift.bench.diff.rows import difference
    from nightshift.bench.results import ResultFolder

    folders = (ResultFolder(a), ResultFolder(b))
    first, second = ((folder.run, folder.summary) for folder in folders)
    found = difference(first, second, everything=everything)
    if json:
        _print_json(a, b, found)
    else:
        _print_table(a, b, found)


def _print_json(a: Path, b: Path, found: "Difference") -> None:
    import orjson

    text = {
        "a": str(a),
        "b": str(b),
        "settings": {key: {"a": one, "b": other} for key, (one, other) in found.settings.items()},
        "only_a": found.only_a,
        "only_b": found.only_b,
        "rows": [row.as_dict() for row in found.rows],
    }
    typer.echo(orjson.dumps(text, option=orjson.OPT_INDENT_2).decode())


def _print_table(a: Path, b: Path, found: "Difference") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=110)
    for key, (one, other) in found.settings.items():
        console.print(Text(f"{key}: {_brief(one)} in A, {_brief(other)} in B"), style="dim")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"A: {a}\nB: {b}", title_justify="left")
    for heading in ("system", "figure"):
        table.add_column(heading, overflow="fold")
    for heading in ("A", "B", "B / A", "95 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("B is")
    before = ""
    for row in found.rows:
        name, before = ("" if row.system == before else row.legend), row.system
        interval = f"{row.interval[0]:.3f}-{row.interval[1]:.3f}" if row.interval else ""
        ratio = "–" if row.ratio is None else f"{row.ratio:.3f}"
        cells = (name, row.figure, f"{row.a:.5g}", f"{row.b:.5g}", ratio, interval, row.verdict)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    for where, names in (("A", found.only_a), ("B", found.only_b)):
        if names:
            console.print(Text(f"Only in {where}: {', '.join(names)}"))
    if not found.rows:
        console.print("The two have no system in common.")


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
