"""What runs on this machine: one folder for each service that `nightshift up` started.

    ~/.local/state/nightshift/NAME/     ($XDG_STATE_HOME/nightshift/NAME/ when that is set)
        lock        held by the supervisor as long as it lives; the kernel lets go of it, however it ends
        run.json    what runs: processes, addresses, endpoints
        logs/       one file for each process, the configurations, and the supervisor's own log

A service is up exactly while its lock is held. A `run.json` without that is what a supervisor left that was
killed, or that gave up because one of its processes died; then it says why.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from nightshift.control.processid import ProcessId
from nightshift.errors import UserError


class Place(BaseModel):
    """A replica or a balancer."""

    id: str
    region: str
    address: str


class Run(BaseModel):
    """A service that was started, as `run.json` keeps it."""

    name: str
    file: str
    system: str
    engine: str
    model: str
    phase: Literal["starting", "up", "failed"]
    supervisor: ProcessId
    problem: str | None = None
    """For the phase `failed`: what went wrong."""
    endpoints: dict[str, str] = {}
    replicas: tuple[Place, ...] = ()
    balancers: tuple[Place, ...] = ()
    wan_control: str | None = None
    token: str = Field(default="", repr=False)
    """The service's secret, which balancers want to see before they tell their state."""
    children: dict[str, ProcessId] = {}


_OTHERS = frozenset(("controller", "clients"))
"""Folders beside those of services: of `nightshift serve`, and of the bench clients."""


def state_folder() -> Path:
    """Return the folder of all services."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The specification says that a relative path is to be ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".local" / "state") / "nightshift"


def folder_of(name: str) -> Path:
    """Return the folder of one service."""
    return state_folder() / name


def log_folder_of(name: str) -> Path:
    """Return where the processes of a service log."""
    return folder_of(name) / "logs"


class Claim:
    """The right to run a service of some name. Get it from `claim`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.recorded: Run | None = None

    def record(self, run: Run) -> None:
        """Write down what runs, at once or not at all. Raises `UserError` when that cannot be written."""
        path = self._folder / "run.json"
        new = path.with_suffix(".new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(run.model_dump_json(indent=2))
            new.replace(path)
        except OSError as error:
            raise UserError(f"cannot write {new}: {error.strerror}") from error
        self.recorded = run

    def forget(self) -> None:
        """Nothing runs any more."""
        (self._folder / "run.json").unlink(missing_ok=True)
        self.recorded = None


@contextlib.contextmanager
def claim(name: str) -> Iterator[Claim]:
    """Hold the lock of a service. Raises `UserError` when it is up already, or the folder unwritable."""
    folder = folder_of(name)
    if name in _OTHERS:
        raise UserError(f"no service of `nightshift up` can be called {name!r}: {folder} is used otherwise")
    try:
        log_folder_of(name).mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UserError(
            f"cannot write in {folder}: {error.strerror}; set XDG_STATE_HOME elsewhere"
        ) from error
    try:
        if not _try_lock(lock):
            raise UserError(f"service {name!r} is already up; `nightshift down {name}` ends it")
        yield Claim(folder)
    finally:
        os.close(lock)


def is_held(name: str) -> bool:
    """Whether a living supervisor has the service of this name."""
    try:
        lock = os.open(folder_of(name) / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(lock)
    finally:
        os.close(lock)


def known_runs() -> list[Run]:
    """Return every service that is up, or has left something behind, by name."""
    runs = (read_run(path.parent.name) for path in sorted(state_folder().glob("*/run.json")))
    return [run for run in runs if run is not None]


def read_run(name: str) -> Run | None:
    """Return what is written down about a service; None when nothing is."""
    path = folder_of(name) / "run.json"
    try:
        return Run.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UserError(f"{path} is not what nightshift writes; end its processes and remove it") from error


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
