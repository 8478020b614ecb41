"""A result folder, read back.

`nightshift bench compare` leaves a folder (`run.json`, `summary.json`, `systems/<id>-<suffix>/rep-<k>/...`);
figures and report are made from that folder alone, so they can be made again at any time, on any machine.

What a system did not write (no samples, an interrupted run) is an empty list here, not an error. What
cannot be read as JSON is a `UserError` that names file and line, save for a last line without its end:
that is a writer that was stopped, and what came before it stays usable.
"""

from collections.abc import Iterator, Mapping, Sequence
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

    id: int | None
    """None for systems that have no number."""
    suffix: str
    legend: str
    figures: Json
    """The whole row, as written: the mean over the repetitions of each figure, and what stands beside."""

    @property
    def folder_name(self) -> str:
        """Name of the system's folder below `systems/`."""
        return folder_name(self.id, self.suffix)

    @property
    def intervals(self) -> Mapping[str, Sequence[float]]:
        """The 95 % interval of each figure, by its dotted name; empty with one repetition."""
        found: Mapping[str, Sequence[float]] = self.figures.get("intervals") or {}
        return found

    @property
    def is_partial(self) -> bool:
        """Whether a repetition was not measured to its end; `figures["why"]` then says why."""
        return bool(self.figures.get("state", "finished") != "finished")


def folder_name(number: int | None, suffix: str) -> str:
    """Name of a system's folder below `systems/`."""
    return suffix if number is None else f"{number}-{suffix}"


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
                SystemResult(_number(row["id"]), str(row["suffix"]), str(row["legend"]), row)
                for row in self.summary["systems"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{self.path / 'summary.json'}: each system needs an id, a suffix and a legend; "
                f"run `nightshift bench compare` again ({type(error).__name__}: {error})"
            ) from error

    def system_path(self, system: SystemResult) -> Path:
        """The folder of one system, which has one folder for each repetition."""
        return self.path / "systems" / system.folder_name

    def repetition_path(self, system: SystemResult, repetition: int) -> Path:
        """The folder of one repetition; they count from 1."""
        return self.system_path(system) / f"rep-{repetition}"

    def repetitions(self, system: SystemResult) -> tuple[int, ...]:
        """The repetitions of a system that are there, in order."""
        return repetitions_in(self.system_path(system))

    def records(self, system: SystemResult, repetition: int | None = None) -> list[RequestRecord]:
        """All requests of a system, region after region, failed and unfinished ones too.

        Of one repetition, or with None of all, one after another: each has its own time 0.
        """
        wanted = self.repetitions(system) if repetition is None else (repetition,)
        return [record for k in wanted for record in records_in(self.repetition_path(system, k))]

    def samples(self, system: SystemResult, repetition: int | None = None) -> list[Json]:
        """The state of replicas and balancers over time; empty if nothing was sampled.

        Of one repetition, or with None of the first that was sampled: a line over time is of one run.
        """
        wanted = self.repetitions(system) if repetition is None else (repetition,)
        found = (samples_in(self.repetition_path(system, k)) for k in wanted)
        return next((samples for samples in found if samples), [])

    def clients(self, system: SystemResult, repetition: int | None = None) -> list[Json]:
        """The clients' accounts of themselves, of one repetition or with None of all."""
        wanted = self.repetitions(system) if repetition is None else (repetition,)
        return [client for k in wanted for client in clients_in(self.repetition_path(system, k))]


def repetitions_in(system_path: Path) -> tuple[int, ...]:
    """The numbers of the repetitions in a system's folder, in order; none if it is not there."""
    numbers = (path.name.removeprefix("rep-") for path in system_path.glob("rep-*"))
    return tuple(sorted(int(number) for number in numbers if number.isdecimal()))


def records_in(repetition_path: Path) -> list[RequestRecord]:
    """All requests of one repetition, region after region."""
    paths = sorted(repetition_path.glob("records-*.jsonl"))
    return [record for path in paths for record in read_records(path)]


def samples_in(repetition_path: Path) -> list[Json]:
    """The samples of one repetition; empty if nothing was sampled."""
    path = repetition_path / "samples.jsonl"
    return list(_read_lines(path)) if path.is_file() else []


def clients_in(repetition_path: Path) -> list[Json]:
    """What each region's client says of itself; a client that was killed says nothing."""
    return [_read_object(path) for path in sorted(repetition_path.glob("client-*.json"))]


def _number(value: object) -> int | None:
    if value is not None and not isinstance(value, int):
        raise ValueError(f"id {value!r} is neither a whole number nor null")
    return value


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
