"""`nightshift down`: ends services, and makes sure that nothing of them remains."""

from dataclasses import dataclass

from nightshift.control.up.runs import Run, claim, is_held, known_runs
from nightshift.errors import UserError

_GRACE_S = 20.0
_ORPHAN_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How the end of one service went."""

    name: str
    was_up: bool
    killed: tuple[str, ...]
    """Processes that had to be killed, or that their supervisor had left behind."""


def chosen(name: str | None, *, everything: bool) -> list[Run]:
    """Return the services that are meant: one by name, the only one, or all. Raises `UserError`."""
    runs = known_runs()
    if everything:
        if name is not None:
            raise UserError("give either the name of a service or --all, not both")
        return runs
    names = ", ".join(run.name for run in runs)
    if name is not None:
        found = [run for run in runs if run.name == name]
        if not found:
            raise UserError(f"no service {name!r} is up; {f'up are: {names}' if names else 'none is'}")
        return found
    if len(runs) > 1:
        raise UserError(f"several services are up ({names}); name one, or give --all")
    if not runs:
        raise UserError("no service is up")
    return runs


def end(run: Run) -> Ended:
    """End a service: its supervisor, which ends the rest, then whatever is left. Blocks until all is gone."""
    was_up = is_held(run.name)
    killed = []
    if was_up and not run.supervisor.end(_GRACE_S):
        killed.append("supervisor")
    # Its children end with their supervisor, even when that was killed; this is the check.
    for name, process in run.children.items():
        if process.is_running and not process.end(_ORPHAN_GRACE_S):
            killed.append(name)
    left = [name for name, process in run.children.items() if process.is_running]
    if left:
        raise UserError(f"{run.name}: could not end {', '.join(left)}; are they of another user?")
    with claim(run.name) as claimed:
        claimed.forget()
    return Ended(run.name, was_up, tuple(killed))
