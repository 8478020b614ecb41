"""What is wrong in a service file, before it is known in which file and line."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic_core import PydanticCustomError

from nightshift.control.yamlfile import KeyPath

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
NAME_RULE = "small letters, digits and hyphens, beginning with a letter, at most 63 (`chat-eu`)"
_REGION = re.compile(r"[\x21-\x7e]{1,200}")
REGION_RULE = "the name of a region or Kubernetes context, without spaces (`us-east-2`)"
_ZONE = re.compile(
    r"(?!.{254})([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?"
)
ZONE_RULE = "the name of a public zone (`llm.example.com`)"


class Fault(Exception):  # noqa: N818 - it becomes a `UserError` once file and line are known
    """A mistake at a key path: `read.py` makes the one line of it that people see."""

    def __init__(self, path: KeyPath, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def is_name(text: str) -> bool:
    """Tell whether this can name a service: it becomes part of clusters' names, and a label in DNS."""
    return _NAME.fullmatch(text) is not None


def is_region(text: object) -> bool:
    """Tell whether this can name a region: it goes into HTTP headers and metrics."""
    return isinstance(text, str) and _REGION.fullmatch(text) is not None


def is_zone(text: str) -> bool:
    """Tell whether this can name a zone of DNS (RFC 1123 2.1)."""
    return _ZONE.fullmatch(text) is not None


def unknown_key(key: str, known: Iterable[str]) -> PydanticCustomError:
    """Return the error for a validator to raise: what `checked.Strict` says of an unknown key."""
    names = list(known)
    near = get_close_matches(key, names, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(names)}"
    return PydanticCustomError("unknown_key", "{advice}", {"key": key, "advice": f"unknown key; {advice}"})
