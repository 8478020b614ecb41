"""Files that are whole or not there: written under another name, then renamed."""

import os
from pathlib import Path
from typing import Any

import orjson

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Write `value` as JSON. Raises `OSError`; then `path` is as it was before."""
    write_whole(path, orjson.dumps(value, option=_PRETTY))


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path`. Raises `OSError`; then `path` is as it was before."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:  # an interruption too; raised again
        unfinished.unlink(missing_ok=True)
        raise
