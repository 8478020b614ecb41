"""The list of figures that were written: what the report embeds, without drawing anything."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from nightshift.bench.results import ResultFolder
from nightshift.errors import UserError

INDEX = "index.json"
SUFFIXES = (".png", ".svg", ".csv")
"""The files of each figure."""


@dataclass(frozen=True)
class FigureEntry:
    """A written figure: its files are `<name>.png`, `<name>.svg` and `<name>.csv`."""

    name: str
    title: str
    caption: str
    alt: str
    measures: list[str] = field(default_factory=list)
    """Figures of `summary.json` that it shows: the report has their definitions beside it."""


@dataclass(frozen=True)
class LeftOutEntry:
    """A figure that was not drawn, and why not."""

    title: str
    why: str


@dataclass(frozen=True)
class Index:
    """What became of each kind of figure."""

    figures: list[FigureEntry]
    left_out: list[LeftOutEntry]


def figures_path(folder: ResultFolder) -> Path:
    """Where the figures of a result folder lie."""
    return folder.path / "figures"


def write_index(target: Path, index: Index) -> None:
    """Write the list of figures into the folder that they are in."""
    (target / INDEX).write_bytes(orjson.dumps(asdict(index), option=orjson.OPT_INDENT_2))


def read_index(target: Path) -> Index | None:
    """Say which figures were written into a folder; None if none ever were."""
    path = target / INDEX
    try:
        found = orjson.loads(path.read_bytes())
        return Index(
            [FigureEntry(**entry) for entry in found["figures"]],
            [LeftOutEntry(**entry) for entry in found["left_out"]],
        )
    except FileNotFoundError:
        return None
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise UserError(f"{path} cannot be read ({error}); remove it and make the report again") from error
