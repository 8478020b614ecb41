"""`nightshift bench report DIR`: figures and report again, from the files of a run."""

from pathlib import Path
from typing import Annotated

import typer


def report_command(
    folder: Annotated[
        Path, typer.Argument(help="A folder that `nightshift bench compare` has written.", metavar="DIR")
    ],
) -> None:
    """Make the figures and report.html of a finished run again, and print its table.

    Reads run.json, summary.json and systems/ below DIR; writes figures/*.png, figures/*.csv and
    report.html there. Nothing is run and nothing is measured again.
    """
    from nightshift.bench.figures import write_figures
    from nightshift.bench.report import print_summary, write_report
    from nightshift.bench.results import ResultFolder

    results = ResultFolder(folder)
    print_summary(results.summary)
    pictures = write_figures(results)
    page = write_report(results)
    typer.echo(f"{len(pictures)} figures in {pictures[0].parent if pictures else folder}")
    typer.echo(f"report: {page}")
