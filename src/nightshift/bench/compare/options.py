"""What the user asked for on the command line: kept in `run.json`, so that an experiment can be resumed from
its folder alone.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nightshift.errors import UserError

_MAY_CHANGE = frozenset({"repeat", "slo"})
"""More repetitions make no other one of those that are there; an SLO is only for figures."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `nightshift bench compare` that say what is measured. None: not given."""

    systems: list[str] | None = None
    workload: str | None = None
    extra_args: str | None = None
    regions: list[str] | None = None
    region_to_args: str | None = None
    replicas: int | None = None
    data_set: str | None = None
    num_users: int | None = None
    num_conv: int | None = None
    duration: float | None = None
    warmup: float | None = None
    seed: int | None = None
    repeat: int | None = None
    speed: float | None = None
    engine: str | None = None
    profile: str | None = None
    jitter_ms: float | None = None
    time: str | None = None
    service_names: list[str] | None = None
    endpoints: list[str] | None = None
    gke_endpoint: str | None = None
    slo: str | None = None

    def given(self) -> dict[str, Any]:
        """Return those that were given."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value not in (None, [])}


def resumed(stored: Mapping[str, Any], now: Options, folder: object) -> Options:
    """Return the options of a folder's run, with what may change as it is given now.

    Raises `UserError` that names the option which is another than in the folder.
    """
    known = {field.name for field in dataclasses.fields(Options)}
    kept = {name: value for name, value in stored.items() if name in known}
    for name, value in now.given().items():
        if name in _MAY_CHANGE or kept.get(name) == value:
            continue
        was = f"it was {kept[name]!r}" if name in kept else "it was not given"
        raise UserError(
            f"--{name.replace('_', '-')} is {value!r}, and in {folder} {was}; leave it out to resume, or "
            "choose another --exp-name"
        )
    return Options(**{**kept, **{name: value for name, value in now.given().items() if name in _MAY_CHANGE}})
