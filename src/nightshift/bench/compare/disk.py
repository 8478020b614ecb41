"""Room for results: looked for before the first run, and when something could not be written."""

import os
import shutil
from pathlib import Path

from nightshift.errors import UserError

_PROBE_BYTES = 2**16


def cleared(folder: Path) -> Path:
    """Return `folder` without what a run that did not come to its end left there. Raises `OSError`."""
    if folder.exists():
        shutil.rmtree(folder)
    return folder


def is_full(folder: Path) -> bool:
    """Whether nothing more can be written to the disk of `folder`."""
    while not folder.exists():
        folder = folder.parent
    probe = folder / f".room-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return True
    finally:
        probe.unlink(missing_ok=True)
    return False


def require_room(folder: Path) -> None:
    """Raise `UserError` if nothing can be written to `folder`, before anything is measured."""
    if is_full(folder):
        raise UserError(
            f"nothing can be written to {folder}: the disk is full, or not yours; free some space there, or "
            "choose another --output-dir"
        )


def explained(folder: Path, error: Exception) -> UserError:
    """Return the error for results that could not be written."""
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else "the disk is full"
    where = error.filename if isinstance(error, OSError) and error.filename else folder
    return UserError(
        f"cannot write {where}: {reason}. Runs that were whole before are kept; free some space, then "
        f"`nightshift bench compare --resume {folder}` goes on"
    )
