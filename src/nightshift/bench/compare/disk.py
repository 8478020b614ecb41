"""Room for results: looked for before the first run, and when something could not be written."""

import os
import shutil
from pathlib import Path

from nightshift.errors import UserError

_PROBE_BYTES = 2**14


def cleared(folder: Path) -> Path:
    """Return `folder` without what a run that did not come to its end left there. Raises `OSError`."""
    if folder.exists():
        shutil.rmtree(folder)
    return folder


def trouble_at(folder: Path) -> OSError | None:
    """Return why nothing more can be written where `folder` is or shall be; None if it can."""
    while not folder.exists():
        folder = folder.parent
    probe = folder / f".room-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    finally:
        probe.unlink(missing_ok=True)
    return None


def require_room(folder: Path) -> None:
    """Raise `UserError` if nothing can be written to `folder`, before anything is measured."""
    trouble = trouble_at(folder)
    if trouble is not None:
        raise UserError(
            f"nothing can be written to {folder}: {trouble.strerror}; free some space there, or choose "
            "another --output-dir"
        ) from trouble


def explained(folder: Path, error: OSError) -> UserError:
    """Return the error for results that could not be written."""
    return UserError(
        f"cannot write {error.filename or folder}: {error.strerror or error}. Runs that were whole before "
        f"are kept; free some space, then `nightshift bench compare --resume {folder}` goes on"
    )
