"""Figures of result folders: each a PNG and an SVG, with the numbers it shows as CSV beside them.

`write_figures` draws everything there is data for and writes `figures/index.json`, which says for each
figure its title, caption and alternative text, and why others are left out; the report embeds what the index
lists. `write_paper_figures` draws those of the paper, over several folders.
"""

from collections.abc import Sequence
from pathlib import Path

from nightshift.bench.figures.index import Index
from nightshift.bench.results import ResultFolder
from nightshift.errors import UserError

__all__ = ["write_figures", "write_paper_figures"]


def write_figures(folder: ResultFolder) -> list[Path]:
    """Draw all figures of a folder; return the paths of the PNGs.

    Raises `UserError` when the folder is not a result folder, or when the extra `bench` is not installed.
    """
    try:
        from nightshift.bench.figures.write import draw_all
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    return draw_all(folder)


def write_paper_figures(folders: Sequence[ResultFolder], numbers: Sequence[int], target: Path) -> Index:
    """Draw figures of the paper by their numbers into `target`; return what became of each.

    Raises `UserError` as `write_figures` does, and where the data that a run used cannot be made again.
    """
    try:
        from nightshift.bench.figures.loading import load_runs
        from nightshift.bench.figures.paper.numbers import draw_figures
        from nightshift.bench.figures.write import write_into
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    target.mkdir(parents=True, exist_ok=True)
    return write_into(target, draw_figures(numbers, load_runs(folders)))


def _not_installed(error: ModuleNotFoundError) -> UserError:
    return UserError(f"figures need {error.name}, which is not installed; run `pip install numpy matplotlib`")
