"""A service file with `$NAME` and `${NAME}` in its `service` section replaced, as SkyPilot does.

What they stand for may be secret, so no error of this document shows it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from nightshift.control.yamlfile import Document, KeyPath
from nightshift.errors import UserError

_REFERENCE = re.compile(r"\$\{?\b([a-zA-Z_][a-zA-Z0-9_]*)\b\}?")
"""SkyPilot's own: a name that is not among the variables stays as it is."""
_FEWEST = 8
"""Characters of what could be a token. Shorter values (`REPLICAS=0`) are worth showing."""


@dataclass(slots=True)
class Filled(Document):
    """See the head of the file."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    references: dict[KeyPath, str] = field(default_factory=dict)
    """Where something was replaced, and what stands there in the file."""

    def error(self, path: KeyPath, message: str) -> UserError:
        """Return the error for the value at `path`, without what any variable stands for."""
        reference = next((self.references[p] for p in _upwards(path) if p in self.references), None)
        _, allowed, rest = message.partition(", allowed: ")
        if reference is not None and allowed and self._has_secret(reference):
            message = f"found what {reference} stands for{allowed}{rest}"
        # Two arguments: in a dataclass with slots the class is made anew, and bare super() knows the old one.
        return Document.error(self, path, self.masked(message))

    def masked(self, text: str) -> str:
        """Return `text` with the values of variables, whole or cut short, replaced by their names."""
        for name, value in self.values.items():
            for shape in {value, repr(value)[1:-1]} if len(value) >= _FEWEST else ():
                text = _without(text, shape, f"${name}")
        return text

    def _has_secret(self, reference: str) -> bool:
        names = (match[1] for match in _REFERENCE.finditer(reference))
        return any(len(self.values.get(name, "")) >= _FEWEST for name in names)


def filled(document: Document, values: Mapping[str, str]) -> Filled:
    """Return the document with the references in its `service` section replaced by `values`."""
    result = Filled(document.source, document.data, document.lines, values)
    if isinstance(document.data, dict) and "service" in document.data:
        section = _fill(document.data["service"], ("service",), result)
        result.data = {**document.data, "service": section}
    return result


def _fill(value: object, path: KeyPath, document: Filled) -> object:
    if isinstance(value, dict):
        return {key: _fill(inner, (*path, key), document) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, (*path, n), document) for n, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    text = _REFERENCE.sub(lambda match: document.values.get(match[1], match[0]), value)
    if text == value:
        return value
    document.references[path] = value
    # `replicas: $REPLICAS` means a number. What is asked of the engine stays the text that it is.
    is_alone = _REFERENCE.fullmatch(value) is not None and "readiness_probe" not in path
    return _scalar(text) if is_alone else text


def _scalar(text: str) -> object:
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text
    return value if isinstance(value, bool | int | float) else text


def _without(text: str, secret: str, name: str) -> str:
    """Replace every beginning of `secret` that is long enough: an error may have cut it short."""
    at = text.find(secret[:_FEWEST])
    while at >= 0:
        end = at + _FEWEST
        while end - at < len(secret) and text[end : end + 1] == secret[end - at]:
            end += 1
        text = text[:at] + name + text[end:]
        at = text.find(secret[:_FEWEST], at + len(name))
    return text


def _upwards(path: KeyPath) -> list[KeyPath]:
    return [path[:length] for length in range(len(path), -1, -1)]
