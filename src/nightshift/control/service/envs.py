"""Environment variables of a service: the file's, and what `--env` gives. Their values may be secret.

No error here quotes a value; and what stands in the place of a name is only quoted when it can be no token.
"""

import re
from collections.abc import Mapping, Sequence

from nightshift.control.service.faults import Fault
from nightshift.control.yamlfile import spoken
from nightshift.errors import UserError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOKS_LIKE_A_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
"""No token in use has capitals and underscores alone; a pasted one shall not be read out."""


def parse_env_flags(flags: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return what `--env` flags give: `NAME=VALUE`, or `NAME`, which takes its value from `environ`.

    Later flags win. Raises `UserError` for what is neither, or is not set.
    """
    given: dict[str, str] = {}
    for number, flag in enumerate(flags, start=1):
        name, equals, value = flag.partition("=")
        shown = f"--env {name}" if _LOOKS_LIKE_A_NAME.fullmatch(name) else f"--env number {number}"
        if not _NAME.fullmatch(name):
            raise UserError(f"{shown}: write NAME=VALUE, or the NAME of a variable that is set here")
        if not equals and name not in environ:
            raise UserError(f"{shown}: not set in this environment; export it, or write --env NAME=VALUE")
        given[name] = value if equals else environ[name]
    return given


def merged(envs: Mapping[str, object], secrets: object, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of every replica: the file's `envs` and inline `secrets`, under what `given` says.

    As in SkyPilot, values are text, whatever YAML takes them for. Raises `Fault` for a variable that the file
    leaves to `--env` and that was not given.
    """
    result = {name: _text(name, value, given) for name, value in envs.items()}
    if isinstance(secrets, Mapping):
        # One without a value is a reference that SkyPilot resolves itself.
        result |= {name: str(value) for name, value in secrets.items() if value is not None}
    return {**result, **given}


def _text(name: str, value: object, given: Mapping[str, str]) -> str:
    if not _NAME.fullmatch(name):
        raise Fault(("envs", name), "the name of a variable has letters, digits and underscores")
    if name in given:
        return given[name]
    if value is None:
        raise Fault(
            ("envs", name),
            f"has no value; give one with --env {name}=VALUE, or --env {name} if it is set in your shell",
        )
    if isinstance(value, Mapping | list):
        raise Fault(("envs", name), f"found {spoken(value)}, allowed: text")
    return str(value)
