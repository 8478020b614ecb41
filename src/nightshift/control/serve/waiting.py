"""Watching a service come up, change or go, with progress for who watches too."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from nightshift.control.serve.contact import Controller
from nightshift.control.serve.pausing import pause
from nightshift.errors import NightshiftError, UserError

_POLL_S = 0.5

View = Mapping[str, Any]


def until_ready(controller: Controller, name: str, progress: Console) -> View:
    """Wait until a service is whole; return how it is then. Raises `NightshiftError` if it was ended."""
    with progress.status(f"{name}: launching") as status:
        while True:
            view = _view(controller, name)
            if view is None:
                raise NightshiftError(f"service {name!r} was ended while it started")
            if view["status"] == "READY" and _is_whole(view):
                return view
            status.update(f"{name}: {_summary(view)}")
            pause(_POLL_S)


def until_gone(controller: Controller, name: str, progress: Console) -> list[str]:
    """Wait until nothing of a service remains; return what could not be removed."""
    with progress.status(f"{name}: ending") as status:
        while (view := _view(controller, name)) is not None:
            if view["status"] == "FAILED_CLEANUP":
                return controller.leftovers(name)
            status.update(f"{name}: {_summary(view)}")
            pause(_POLL_S)
    return controller.leftovers(name)


def _is_whole(view: View) -> bool:
    """Whether every balancer knows of the replicas that it is to have, and all are of the latest version."""
    known = {replica for balancer in view["balancers"] for replica in balancer.get("replicas") or ()}
    ready = [unit for unit in (*view["replicas"], *view["balancers"]) if unit["status"] == "READY"]
    replicas = {unit["name"] for unit in view["replicas"] if unit["status"] == "READY"}
    return known >= replicas and all(unit["version"] == view["version"] for unit in ready)


def _summary(view: View) -> str:
    counts = f"{view['replicas_ready']}/{view['replicas_total']} replicas"
    counts += f", {view['balancers_ready']}/{view['balancers_total']} load balancers"
    problem = f" - {view['problem']}" if view["problem"] else ""
    return f"{view['status']}, {counts} ready{problem}"


def _view(controller: Controller, name: str) -> View | None:
    try:
        return controller.services(name)[0]
    except UserError:
        return None
