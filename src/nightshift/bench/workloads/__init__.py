"""Workloads by name. Each is a file of its own; `base.py` says what a workload is."""

from collections.abc import Callable, Mapping

from pydantic import ValidationError

from nightshift.bench.workloads.arena_syn import ArenaSyn
from nightshift.bench.workloads.base import Call, Message, Program, Workload
from nightshift.errors import UserError

__all__ = ["WORKLOADS", "Call", "Message", "Program", "Workload", "workload"]

WORKLOADS: Mapping[str, Callable[[Mapping[str, object]], Workload]] = {"arena_syn": ArenaSyn}


def workload(name: str, arguments: Mapping[str, object]) -> Workload:
    """Return the workload `name` with these arguments (flag names, `_` for `-`), or raise `UserError`."""
    if name not in WORKLOADS:
        raise UserError(f"unknown workload {name!r}; known: {', '.join(sorted(WORKLOADS))}")
    try:
        return WORKLOADS[name](arguments)
    except ValidationError as error:
        raise UserError(f"workload {name}: {_explained(error)}") from error


def _explained(error: ValidationError) -> str:
    first = error.errors()[0]
    flag = "--" + "-".join(str(part) for part in first["loc"]).replace("_", "-")
    if first["type"] == "extra_forbidden":
        return f"{flag} is not one of its arguments; remove it"
    return f"{flag} {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
