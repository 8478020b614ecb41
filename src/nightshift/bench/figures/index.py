"""The list of figures that were written: what the report embeds, without drawing anything."""

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from nightshift.bench.results import ResultFolder
from nightshift.errors import UserError

INDEX = "index.json"


@dataclass(frozen=True)
class FigureEntry:
    """A written figure: its files are `<name>.png` and `<name>.csv`."""

    name: str
    title: str
    caption: str
    alt: str


def figures_path(folder: ResultFolder) -> Path:
    """Where the figures of a result folder lie."""
    return folder.path / "figures"


def write_index(folder: ResultFolder, entries: list[FigureEntry]) -> None:
    """Write the list of figures."""
    text = orjson.dumps([asdict(entry) for entry in entries], option=orjson.OPT_INDENT_2)
    (figures_path(folder) / INDEX).write_bytes(text)


def read_index(folder: ResultFolder) -> list[FigureEntry] | None:
    """Say which figures were written; None if none ever were."""
    path = figures_path(folder) / INDEX
    try:
        return [FigureEntry(**entry) for entry in orjson.loads(path.read_bytes())]
    except FileNotFoundError:
        return None
    except (orjson.JSONDecodeError, TypeError) as error:
        raise UserError(f"{path} cannot be read ({error}); remove it and make the report again") from error
