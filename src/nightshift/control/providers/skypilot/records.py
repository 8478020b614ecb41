"""What is remembered of each unit, beside its log: SkyPilot forgets a cluster that is gone or never came.

`<folder>/<service>/<unit>.json`, written before the launch; `<unit>.log`, kept when a unit is ended.
"""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from nightshift.control.providers.base import Kind
from nightshift.control.providers.skypilot.names import cluster_name


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """One unit. No secret is in it."""

    name: str
    service: str
    kind: Kind
    region: str
    port: int | None
    request: str = ""
    """SkyPilot's id of the launch; empty until it has taken it."""
    was_up: bool = False
    """Whether its machine was there: then it is not one that never came."""
    address: str = ""
    admin: str = ""
    """Where it was when it was last seen running: its targets go on while its cloud does not answer."""


class Records:
    """See the head of the file. Every method is quick, and may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, record: UnitRecord) -> UnitRecord:
        """Write a record, whole or not at all; return it."""
        path = self._path(record.service, record.name, "json")
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_bytes(orjson.dumps(asdict(record)))
        os.replace(new, path)
        return record

    def seen_up(self, record: UnitRecord, address: str, admin: str) -> None:
        """Note that a unit runs, and where; an address that is empty now is not forgotten."""
        seen = replace(record, was_up=True, address=address or record.address, admin=admin or record.admin)
        if seen != record and self.find(record.name):
            self.write(seen)

    def of(self, service: str) -> list[UnitRecord]:
        """Return the records of a service."""
        paths = sorted(self._path(service, "", "").parent.glob("*.json"))
        return [record for path in paths if (record := _read(path))]

    def find(self, unit: str) -> UnitRecord | None:
        """Return the record of a unit."""
        paths = list(self._folder.glob(f"*/{cluster_name(unit)}.json"))
        return _read(paths[0]) if paths else None

    def remove(self, unit: str) -> None:
        """Forget a unit, not its log."""
        for path in self._folder.glob(f"*/{cluster_name(unit)}.json"):
            path.unlink(missing_ok=True)

    def keep_log(self, record: UnitRecord, log: bytes) -> None:
        """Keep the log of a unit that is about to end."""
        path = self._path(record.service, record.name, "log")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(log)

    def kept_log(self, unit: str) -> bytes | None:
        """Return the log of units of this name that have ended."""
        paths = list(self._folder.glob(f"*/{cluster_name(unit)}.log"))
        return paths[0].read_bytes() if paths else None

    def clear(self, service: str) -> None:
        """Delete the logs of a service, and records of launches that never came."""
        for pattern in ("*.log", "*.json"):
            for path in self._path(service, "", "").parent.glob(pattern):
                path.unlink(missing_ok=True)

    def _path(self, service: str, unit: str, suffix: str) -> Path:
        return self._folder / cluster_name(service) / f"{cluster_name(unit)}.{suffix}"


def _read(path: Path) -> UnitRecord | None:
    """Return a record; None for one that a power cut left empty, or another version wrote: it is lost."""
    try:
        content = orjson.loads(path.read_bytes())
        return UnitRecord(**{**content, "kind": Kind(content["kind"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
