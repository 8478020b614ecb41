"""A measurement by script, as one value: what is asked where, of which systems, by whom. Pure.

A job has the name `EXPERIMENT_SUFFIX`, as the original's files did, so that what its script left and what
ours leaves is found under the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nightshift.balancing.presets import Preset
from nightshift.bench.script.asking import Asking
from nightshift.errors import UserError

_NAME = 60
"""Characters of an experiment's name: with region and system it is to be the name of a file and of a unit."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One system: where the clients of each region ask it, and whose queues are watched meanwhile."""

    system: Preset
    endpoints: Mapping[str, str]
    watched: str
    """What the queue fetcher is given: a service's name, or an endpoint that it may not know."""
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """See the head of the file."""

    name: str
    provider: str
    clients: str
    """The name of the set of clients: `llmc`, as the original's clusters were called."""
    resources: Mapping[str, str]
    asking: Mapping[str, Asking]
    systems: tuple[Measured, ...]
    output_dir: Path
    together: bool = False
    reload_client: bool = False
    keep_clients: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def regions(self) -> tuple[str, ...]:
        """Where clients are."""
        return tuple(self.asking)

    @property
    def one(self) -> Asking:
        """What holds in all regions (workload, duration, warm-up) can be read from any."""
        return next(iter(self.asking.values()))

    @property
    def folder(self) -> Path:
        """The result folder that the script fills."""
        return self.output_dir / self.name

    @property
    def script(self) -> Path:
        """Where the script is written."""
        return self.output_dir / "result" / "scripts" / f"{self.name}.bash"

    def job(self, measured: Measured) -> str:
        """Return the name of a system's jobs."""
        return f"{self.name}_{measured.system.suffix}"

    def client_words(self, measured: Measured, region: str) -> list[str]:
        """Return the arguments of the client of a region for a system."""
        asking = self.asking[region]
        model = [] if measured.model is None or "model" in asking.client else [f"--model={measured.model}"]
        return [f"--endpoint={measured.endpoints[region]}", *model, *asking.words()]


def checked_name(name: str) -> str:
    """Return the name of an experiment. Raises `UserError` for one that cannot be part of a file's name."""
    kept = name.replace("-", "").replace("_", "").replace(".", "")
    if not (kept.isascii() and kept.isalnum() and name[0].isalnum() and len(name) <= _NAME):
        raise UserError(
            f"--exp-name {name!r}: letters, digits, dots, dashes and underscores, {_NAME} at most, "
            "beginning with a letter or digit"
        )
    return name


def in_a_new_place(plan: Plan) -> Plan:
    """Return the plan under a name that has neither script nor results yet: `name`, `name_v1`, ..."""
    version, found = 0, plan
    while found.script.exists() or found.folder.exists():
        version += 1
        found = replace(plan, name=f"{plan.name}_v{version}")
    return found
