"""Where the provider keeps what, for each service:

STATE/SERVICE/
    units/NAME/     one unit: intent.json, unit.json, config.json (0600); gone when it is terminated
    wan/            the relay of the service, if it has one (see `relay`)
    logs/NAME.log   kept until the service is cleaned up
    locks/NAME      held by who begins or ends the unit; kept as well, as a lock must outlive its subject
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nightshift.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
RELAY = "wan.relay"
"""The relay's name beside those of units, for its log and lock. A unit cannot have it: see `checked_name`."""
_PARTS = ("units", "wan", "logs", "locks")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one unit, or the relay, has what is its own."""

    name: str
    service: str
    folder: Path
    log: Path
    lock: Path

    @property
    def record(self) -> Path:
        """Written by the unit itself when it begins: it is there exactly if the unit was launched."""
        return self.folder / "unit.json"

    @property
    def intent(self) -> Path:
        """Written by who launches, before."""
        return self.folder / "intent.json"

    @property
    def config(self) -> Path:
        """What the unit's program reads; may hold tokens."""
        return self.folder / "config.json"

    @property
    def ended(self) -> Path:
        """How the unit ended, when somebody saw it."""
        return self.folder / "ended"


@dataclass(frozen=True, slots=True)
class Layout:
    """All places below one folder."""

    state: Path

    def service(self, service: str) -> Path:
        """Return the folder of a service."""
        return self.state / checked_name(service)

    def unit(self, service: str, name: str) -> Place:
        """Return the place of a unit, whether it is there or not."""
        return self._place(service, checked_name(name), self.service(service) / "units" / name)

    def relay(self, service: str) -> Place:
        """Return the place of a service's relay."""
        return self._place(service, RELAY, self.service(service) / "wan" / "relay")

    def units(self, service: str) -> list[Place]:
        """Return the places of all units of a service that have a folder, by name."""
        return [self.unit(service, path.name) for path in sorted(_folders(self.service(service) / "units"))]

    def find(self, name: str) -> Place | None:
        """Return the place of the unit of this name, of whichever service."""
        for found in self.state.glob(f"*/units/{checked_name(name)}"):
            return self.unit(found.parents[1].name, name)
        return None

    def log_of(self, name: str) -> Path | None:
        """Return the log of a unit that is there, or was."""
        return next(self.state.glob(f"*/logs/{checked_name(name)}.log"), None)

    def parts(self, service: str) -> list[Path]:
        """Return the folders of a service that are this provider's, and there."""
        return [path for part in _PARTS if (path := self.service(service) / part).exists()]

    def _place(self, service: str, name: str, folder: Path) -> Place:
        home = self.service(service)
        return Place(name, service, folder, home / "logs" / f"{name}.log", home / "locks" / name)


def checked_name(name: str) -> str:
    """Return a name that may be one of a file. Raises `UserError`."""
    if not _NAME.fullmatch(name) or name == RELAY:
        raise UserError(f"{name!r} cannot be a name here; use letters, digits, dots and dashes, up to 100")
    return name


def _folders(path: Path) -> Iterator[Path]:
    try:
        yield from (entry for entry in path.iterdir() if entry.is_dir())
    except FileNotFoundError:
        return
