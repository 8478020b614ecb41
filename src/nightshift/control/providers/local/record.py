"""What is written down of a unit. No secrets: those are in its environment and its configuration."""

import contextlib
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from nightshift.control.processid import ProcessId
from nightshift.control.providers.base import Kind, ProviderError
from nightshift.control.providers.local.layout import Place

MARK = "NIGHTSHIFT_UNIT"
"""In the environment of a unit's processes: the unit's folder."""


class Intent(BaseModel):
    """`intent.json`: what shall be begun."""

    name: str
    service: str
    kind: Kind | Literal["wan"]
    region: str
    program: str
    argv: tuple[str, ...]
    address: str
    """Where the unit listens, as this machine reaches it."""
    admin: str | None = None
    ports: tuple[str, ...] = ()
    """Every `host:port` that it takes."""


class Record(Intent):
    """`unit.json`: what has begun, and as which process. Its session has the process's number."""

    process: ProcessId


def read_record(place: Place) -> Record | None:
    """Return what is written down of a unit; None when it never began. Raises `ProviderError`."""
    try:
        return Record.model_validate_json(place.record.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError) as error:
        raise ProviderError(f"cannot read {place.record}: {error}", permanent=True) from error


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, at once or not at all. Raises `OSError`."""
    new = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
