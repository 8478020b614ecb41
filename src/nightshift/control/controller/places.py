"""Where the controller keeps its things.

~/.local/state/nightshift/controller/     ($XDG_STATE_HOME/nightshift/controller/ when that is set)
    lock            held as long as a controller lives
    contact.json    its address and token, for the command line of the same user
    state.db        services, units, files
    controller.log
    units/          what the provider `local` keeps: one folder for each service
"""

from dataclasses import dataclass
from pathlib import Path

from nightshift.control.up.runs import state_folder

DATABASE = "NIGHTSHIFT_DATABASE"
"""The environment variable with the URL of another database than that in the folder."""


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one controller."""

    root: Path

    @classmethod
    def usual(cls) -> "Places":
        """Return those of this user."""
        return cls(state_folder() / "controller")

    @property
    def lock(self) -> Path:
        """Held by the living controller."""
        return self.root / "lock"

    @property
    def contact(self) -> Path:
        """How to reach it."""
        return self.root / "contact.json"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.root / "controller.log"

    @property
    def units(self) -> Path:
        """What runs on this machine."""
        return self.root / "units"

    @property
    def clusters(self) -> Path:
        """What runs on clouds."""
        return self.root / "clusters"

    @property
    def database(self) -> str:
        """The URL of its database, unless another one is given."""
        return f"sqlite:///{self.root / 'state.db'}"
