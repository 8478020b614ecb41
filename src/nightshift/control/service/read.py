"""Reading a service file, in either of its forms, into a `ServiceSpec` that is right as a whole.

One mistake is one line: file, line, key, what was found and what is allowed. What no mistake is, and the
user should know, is a note.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from nightshift.control import yamlfile
from nightshift.control.checked import check
from nightshift.control.service import localform, taskform
from nightshift.control.service.envs import merged
from nightshift.control.service.faults import NAME_RULE, Fault, is_name
from nightshift.control.service.filled import Filled, filled
from nightshift.control.service.spec import ServiceSpec
from nightshift.control.up.servicefile import read_service
from nightshift.control.yamlfile import Document, spoken
from nightshift.errors import UserError

_FORMS = "a SkyPilot task with `service:`, or name, engine and regions (docs/reference/service-file.md)"
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Read:
    """A service, and what its user should be told, a line each."""

    spec: ServiceSpec
    notes: tuple[str, ...] = ()


def read_spec(
    path: Path, *, name: str | None = None, envs: Mapping[str, str] = _NOTHING, folder: Path | None = None
) -> Read:
    """Read and check a service file.

    `name` replaces the file's, `envs` (what `--env` gave) go before its `envs`. Paths in it are seen from
    `folder`; left out, from where it lies. Raises `UserError`, in which no value of a variable appears.
    """
    if name is not None and not is_name(name):
        raise UserError(f"-n: found {spoken(name)}, allowed: {NAME_RULE}")
    document = yamlfile.read(path)
    data = document.data
    try:
        if not isinstance(data, dict):
            raise Fault((), f"found {spoken(data)}, allowed: {_FORMS}")
        if "service" in data:
            return _read_task(folder or path.absolute().parent, document, name, envs)
        if "regions" in data or "engine" in data:
            file = read_service(path)
            return Read(*localform.service_of(file, name=name or file.name, envs=dict(envs)))
        raise Fault((), f"there is no key `service`, allowed: {_FORMS}")
    except Fault as fault:
        raise _error(document, fault, envs) from None


def _read_task(folder: Path, document: Document, name: str | None, given: Mapping[str, str]) -> Read:
    raw = document.data
    assert isinstance(raw, dict)  # noqa: S101 - `read_spec` has looked
    # A wrong kind of `envs` is found, and named, by the check of the whole below.
    written = raw["envs"] if isinstance(raw.get("envs"), dict) else {}
    envs = merged(written, raw.get("secrets"), given)
    complete = filled(document, envs)
    file = check(complete, taskform.TaskFile)
    try:
        spec, notes = taskform.service_of(file, raw, name=_name(name, file.name), envs=envs, folder=folder)
    except Fault as fault:
        raise _error(complete, fault, given) from None
    return Read(spec, tuple(complete.masked(note) for note in (*notes, *_left_empty(written, given))))


def _error(document: Document, fault: Fault, given: Mapping[str, str]) -> UserError:
    if fault.path[:1] == ("envs",) and fault.path[-1] in given:
        return UserError(f"--env {fault.path[-1]}: {fault.message}")
    hiding = document if isinstance(document, Filled) else filled(document, given)
    return hiding.error(fault.path, fault.message)


def _name(asked: str | None, written: str | None) -> str:
    if asked is not None:
        return asked
    if written is None:
        raise Fault(("name",), "this key is missing; add it, or give a name with -n")
    if not is_name(written):
        raise Fault(("name",), f"found {spoken(written)}, allowed: {NAME_RULE}; or give another with -n")
    return written


def _left_empty(written: Mapping[str, object], given: Mapping[str, str]) -> list[str]:
    return [
        f"{name}, which the file leaves to --env, is empty"
        for name, value in written.items()
        if value is None and given.get(name) == ""
    ]
