"""Workloads by name, and how one is made from its arguments."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import ValidationError

from nightshift.bench.workloads.arena import Arena
from nightshift.bench.workloads.arena_1m import Arena1m
from nightshift.bench.workloads.arena_syn import ArenaSyn
from nightshift.bench.workloads.base import Workload
from nightshift.bench.workloads.common import CommonArguments
from nightshift.bench.workloads.diurnal import Diurnal
from nightshift.bench.workloads.mixed_tree import MixedTree
from nightshift.bench.workloads.shared_prefix import SharedPrefix
from nightshift.bench.workloads.tot import Tot
from nightshift.bench.workloads.tot_single import TotSingle
from nightshift.bench.workloads.trace import TraceReplay
from nightshift.bench.workloads.wildchat import WildChat
from nightshift.errors import UserError


class WorkloadKind(Protocol):
    """A workload's class."""

    @property
    def name(self) -> str:
        """What `--workload` takes."""

    @property
    def summary(self) -> str:
        """One line of what it sends."""

    @property
    def arguments_type(self) -> type[CommonArguments]:
        """Its flags."""

    def __call__(self, arguments: Mapping[str, object]) -> Workload:
        """Make one. Raises pydantic's `ValidationError`."""


_KINDS: tuple[WorkloadKind, ...] = (
    ArenaSyn,
    Arena,
    Arena1m,
    WildChat,
    Tot,
    TotSingle,
    MixedTree,
    SharedPrefix,
    TraceReplay,
    Diurnal,
)

WORKLOADS: Mapping[str, WorkloadKind] = {kind.name: kind for kind in _KINDS}


def kind_named(name: str) -> WorkloadKind:
    """Return the workload's class, or raise `UserError`."""
    if name not in WORKLOADS:
        raise UserError(f"unknown workload {name!r}; known: {', '.join(WORKLOADS)}")
    return WORKLOADS[name]


def workload(name: str, arguments: Mapping[str, object]) -> Workload:
    """Return the workload `name` with these arguments (flag names, `_` for `-`), or raise `UserError`."""
    try:
        return kind_named(name)(arguments)
    except ValidationError as error:
        raise UserError(f"workload {name}: {explained(error)}") from error


def explained(error: ValidationError) -> str:
    """Return what is wrong with the first wrong argument, in the words of the command line."""
    first = error.errors()[0]
    if not first["loc"]:
        return first["msg"].removeprefix("Value error, ")
    flag = "--" + "-".join(str(part) for part in first["loc"]).replace("_", "-")
    if first["type"] == "extra_forbidden":
        return f"{flag} is not one of its arguments; remove it"
    return f"{flag} {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
