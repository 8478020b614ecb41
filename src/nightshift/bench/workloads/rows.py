"""Rows of a data file: JSON Lines, CSV or Parquet. A row that cannot be read is told, not raised.

Parquet needs `pyarrow`, which is imported only here.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from nightshift.errors import UserError

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that could not be read."""

    where: str
    why: str


def read_rows(path: Path) -> Iterator[tuple[str, Row | Broken]]:
    """Yield where each row is (`line 17`, `row 17`), and the row. Raises `UserError` if there is none.

    Empty lines are passed over. The file's ending says what it is.
    """
    kind = path.suffix.lower()
    if kind not in _READERS:
        raise UserError(f"--data-path {path}: not a {', '.join(_READERS)} file; convert it to one")
    if not path.is_file():
        raise UserError(f"--data-path {path}: no such file; give the path of a data file")
    return _READERS[kind](path)


def _json_lines(path: Path) -> Iterator[tuple[str, Row | Broken]]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"line {number}"
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield where, Broken(where, f"not JSON ({error})")
                continue
            yield where, row if isinstance(row, dict) else Broken(where, "not a JSON object")


def _csv(path: Path) -> Iterator[tuple[str, Row | Broken]]:
    with path.open(newline="", encoding="utf-8", errors="replace") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            where = f"line {reader.line_num}"
            if None in row or None in row.values():
                yield where, Broken(where, "not as many fields as the head has")
            else:
                yield where, row


def _parquet(path: Path) -> Iterator[tuple[str, Row | Broken]]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise UserError(
            f"--data-path {path}: Parquet needs pyarrow; run `python -m pip install 'nightshift[data]'`, "
            "or convert the file to JSON Lines"
        ) from error
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise UserError(f"--data-path {path}: not a Parquet file ({error})") from error
    number = 0
    for batch in file.iter_batches(batch_size=1000):
        for row in batch.to_pylist():
            number += 1
            yield f"row {number}", row


_READERS: Mapping[str, Callable[[Path], Iterator[tuple[str, Row | Broken]]]] = {
    ".jsonl": _json_lines,
    ".json": _json_lines,
    ".csv": _csv,
    ".parquet": _parquet,
}
