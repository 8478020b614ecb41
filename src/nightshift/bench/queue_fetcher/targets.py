"""Which service an experiment is about, and which of its units are asked. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from nightshift.errors import UserError

View = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """An experiment's service; `baseline` is set where a router before its replicas is what is measured.

    `service` is None for an endpoint that the controller does not know: nothing can be asked there.
    """

    experiment: str
    backend: str
    service: str | None
    baseline: str | None = None

    def entries(self, views: Mapping[str, View]) -> list[View]:
        """Return the balancers (or the baseline) as the controller shows them now."""
        view = views.get(self.service or "")
        if view is None:
            return []
        if self.baseline is None:
            return list(view["balancers"])
        return [unit for unit in view["baselines"] if unit["baseline"] == self.baseline]

    def replicas(self, views: Mapping[str, View]) -> list[View]:
        """Return the replicas that serve now."""
        view = views.get(self.service or "")
        return [] if view is None else [one for one in view["replicas"] if one["status"] == "READY"]


def parse(text: str) -> dict[str, str]:
    """Read `--exp2backend`. Raises `UserError`."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UserError(f"--exp2backend is not JSON: {error.msg}") from error
    if not (isinstance(found, dict) and found and all(isinstance(one, str) for one in found.values())):
        raise UserError("--exp2backend: a JSON object of experiment -> service or endpoint is wanted")
    if wrong := [name for name in found if not name or "/" in name or name.startswith(".")]:
        raise UserError(f"--exp2backend: {wrong[0]!r} cannot be the name of a file")
    return found


def resolve(exp2backend: Mapping[str, str], views: Sequence[View]) -> list[Target]:
    """Find each backend: a service's name, `SERVICE/BASELINE`, a service's endpoint or that of one balancer.

    Raises `UserError` for a name that is no service.
    """
    return [_target(experiment, backend, views) for experiment, backend in exp2backend.items()]


def _target(experiment: str, backend: str, views: Sequence[View]) -> Target:
    plain = backend.partition("://")[2] or backend
    name, _, baseline = plain.partition("/")
    for view in views:
        if name == view["name"]:
            return Target(experiment, backend, name, baseline or None)
        for unit in view["baselines"]:
            if unit["endpoint"] == plain:
                return Target(experiment, backend, str(view["name"]), str(unit["baseline"]))
        if plain in {view["endpoint"], *(unit["endpoint"] for unit in view["balancers"])}:
            return Target(experiment, backend, str(view["name"]))
    if ":" not in plain:
        known = ", ".join(str(view["name"]) for view in views) or "there is none"
        raise UserError(f"--exp2backend: {experiment}: no service {backend!r}; known: {known}")
    return Target(experiment, backend, None)
