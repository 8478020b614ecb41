"""Figures of a result folder: each a PNG and an SVG, with the numbers it shows as CSV beside them.

`write_figures` draws everything there is data for and writes `figures/index.json`, which says for each
figure its title, caption and alternative text; the report embeds what the index lists.
"""

from pathlib import Path

from nightshift.bench.results import ResultFolder
from nightshift.errors import UserError

__all__ = ["write_figures"]


def write_figures(folder: ResultFolder) -> list[Path]:
    """Draw all figures of a folder; return the paths of the PNGs.

    Raises `UserError` when the folder is not a result folder, or when the extra `bench` is not installed.
    """
    try:
        from nightshift.bench.figures.write import draw_all
    except ModuleNotFoundError as error:
        raise UserError(
            f"figures need {error.name}, which is not installed; run `pip install numpy matplotlib`"
        ) from error
    return draw_all(folder)
