"""`done.json`: how a run of one system ended. It is written last, so a folder without it is not whole."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from nightshift.bench.compare.files import write_json
from nightshift.errors import UserError


class State(StrEnum):
    """How far a run came."""

    FINISHED = "finished"
    PARTIAL = "partial"
    """Something of it broke; what was recorded until then is kept."""


@dataclass(frozen=True, slots=True)
class Done:
    """What `done.json` says."""

    state: State
    why: str | None
    seconds: float
    """Real seconds that the run took, from the start of its fleet on."""
    seed: int

    def write(self, folder: Path) -> None:
        """Mark the run whose files are in `folder` as done. Raises `OSError`."""
        write_json(folder / "done.json", asdict(self))


def read_done(folder: Path) -> Done | None:
    """Return how the run in `folder` ended, or None if it did not. Raises `UserError`."""
    path = folder / "done.json"
    try:
        said = orjson.loads(path.read_bytes())
        why = None if said["why"] is None else str(said["why"])
        return Done(State(said["state"]), why, float(said["seconds"]), int(said["seed"]))
    except FileNotFoundError:
        return None
    except (orjson.JSONDecodeError, LookupError, TypeError, ValueError) as error:
        raise UserError(f"{path} is not as it was written ({error}); remove it to run this again") from error
