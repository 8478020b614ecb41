"""A result folder, read back.

`nightshift bench compare` leaves a folder (`run.json`, `summary.json`, `systems/<id>-<suffix>/...`);
figures and report are made from that folder alone, so they can be made again at any time, on any machine.

What a system did not write (no samples, an interrupted run) is an empty list here, not an error. What
cannot be read as JSON is a `UserError` that names file and line, save for a last line without its end:
that is a writer that was stopped, and what came before it stays usable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from nightshift.bench.records import RequestRecord, read_records
from nightshift.errors import UserError

Json = Mapping[str, Any]


@dataclass(frozen=True)
class SystemResult:
    """One row of `summary.json`: a system under test and its figures."""

    id: int
    suffix: str
    legend: str
    figures: Json
    """The whole row, as written."""

    @property
    def folder_name(self) -> str:
        """Name of the system's folder below `systems/`."""
        return f"{self.id}-{self.suffix}"


class ResultFolder:
    """What one experiment left on disk. Reads nothing before it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def run(self) -> Json:
        """`run.json`: what was run, where, and how."""
        return _read_object(self.path / "run.json")

    @cached_property
    def summary(self) -> Json:
        """`summary.json`: the figures of each system."""
        return _read_object(self.path / "summary.json")

    @cached_property
    def systems(self) -> tuple[SystemResult, ...]:
        """The systems in the order of the summary."""
        try:
            return tuple(
                SystemResult(int(row["id"]), str(row["suffix"]), str(row["legend"]), row)
                for row in self.summary["systems"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{self.path / 'summary.json'}: each system needs an id, a suffix and a legend; "
                f"run `nightshift bench compare` again ({type(error).__name__}: {error})"
            ) from error

    def system_path(self, system: SystemResult) -> Path:
        """The folder of one system."""
        return self.path / "systems" / system.folder_name

    def records(self, system: SystemResult) -> list[RequestRecord]:
        """All requests of a system, region after region, failed and unfinished ones too."""
        paths = sorted(self.system_path(system).glob("records-*.jsonl"))
        return [record for path in paths for record in read_records(path)]

    def samples(self, system: SystemResult) -> list[Json]:
        """The state of replicas and balancers over time; empty if nothing was sampled."""
        path = self.system_path(system) / "samples.jsonl"
        return list(_read_lines(path)) if path.is_file() else []


def _read_object(path: Path) -> Json:
    try:
        value = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError(
            f"{path} is missing: give a folder that `nightshift bench compare` has written"
        ) from error
    except orjson.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not JSON ({error.msg}); run the experiment again") from error
    if not isinstance(value, dict):
        raise UserError(f"{path}: expected a JSON object; run the experiment again")
    return value


def _read_lines(path: Path) -> Iterator[Json]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                if not line.endswith(b"\n"):
                    return  # the writer was stopped inside its last line
                raise UserError(
                    f"{path}:{number}: not JSON ({error.msg}); remove the line or run again"
                ) from error
