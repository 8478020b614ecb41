"""`nightshift bench plot DIR...`: the figures of result folders, or the paper's figures over several."""

from pathlib import Path
from typing import Annotated

import typer

from nightshift.errors import UserError

PAPER = (2, 3, 4, 5, 6, 8, 9, 10)


def plot(
    folders: Annotated[
        list[Path],
        typer.Argument(help="Folders that `nightshift bench compare` has written.", metavar="DIR..."),
    ],
    *,
    figure: Annotated[
        list[int] | None,
        typer.Option(
            help="A figure of the paper, over all folders: 8 workloads, 9 selective pushing, 10 replicas; 2 "
            "days, 3 provisioning, 4 lengths and KV memory, 5 similarity, 6 consistent hashing."
        ),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(help="Where the paper's figures go. Default: paper-figures, in DIR if it is one."),
    ] = None,
) -> None:
    """Draw figures: each a PNG, an SVG and its numbers as CSV.

    Without --figure each folder gets all figures of its own run, in its figures/, as `compare` makes them.
    What there is no data for is left out, and said with the reason.
    """
    unknown = [number for number in figure or () if number not in PAPER]
    if unknown:
        raise UserError(f"--figure {unknown[0]}: the paper's figures are {', '.join(map(str, PAPER))}")
    if figure:
        _paper(folders, figure, output_dir)
    elif output_dir is not None:
        raise UserError("--output-dir is for the paper's figures; a run's own go into its folder")
    else:
        _own(folders)


def _own(folders: list[Path]) -> None:
    from nightshift.bench.figures import write_figures
    from nightshift.bench.figures.index import figures_path, read_index
    from nightshift.bench.results import ResultFolder

    for folder in folders:
        results = ResultFolder(folder)
        for path in write_figures(results):
            typer.echo(path)
        index = read_index(figures_path(results))
        for one in index.left_out if index else ():
            typer.echo(f"left out: {one.title}: {one.why}")


def _paper(folders: list[Path], numbers: list[int], output_dir: Path | None) -> None:
    from nightshift.bench.figures import write_paper_figures
    from nightshift.bench.results import ResultFolder

    target = output_dir or (folders[0] / "paper-figures" if len(folders) == 1 else Path("paper-figures"))
    index = write_paper_figures([ResultFolder(folder) for folder in folders], numbers, target)
    for entry in index.figures:
        typer.echo(f"{target / entry.name}.png\n  {entry.caption}")
    for one in index.left_out:
        typer.echo(f"left out: {one.title}: {one.why}")
