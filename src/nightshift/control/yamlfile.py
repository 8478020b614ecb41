"""YAML that remembers where everything stands.

PyYAML composes a tree of nodes that carry marks; `read` turns that tree into plain data and keeps, for
each key path, the line that the reader of an error has to look at. Two things that PyYAML lets pass are
errors here: a key given twice in one mapping, and a key that is not text. Files are small: one above a
megabyte, or one that aliases blow up beyond `_MAX_NODES` values, is refused.

Every problem is a `UserError` of one line that starts with `file:line:column`.
"""

from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml.reader import ReaderError

from nightshift.errors import UserError

KeyPath = tuple[str | int, ...]

_MAX_BYTES = 2**20
_MAX_NODES = 100_000
_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(slots=True)
class Document:
    """The plain data of one YAML file, and the line (from 1) of each key path in it."""

    source: str
    data: object
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """Return the line of the deepest part of `path` that the file has."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, path: KeyPath, message: str) -> UserError:
        """Return the error `file:line: key: message` for the value at `path`."""
        key = ".".join(str(part) for part in path)
        return UserError(f"{self.source}:{self.line(path)}: {key + ': ' if key else ''}{message}")


def read(path: Path) -> Document:
    """Read a YAML file that holds one document."""
    return parse(_text(path), str(path))


def parse(text: str, source: str) -> Document:
    """Parse the text of one YAML document; `source` names it in errors."""
    loader = _loader(text, source)
    try:
        node = loader.get_single_node()
        if node is None:
            raise UserError(f"{source}:1:1: the file is empty")
        document = Document(source, None)
        document.data = _Reader(loader, document).value(node, ())
        return document
    except yaml.MarkedYAMLError as error:
        raise _problem(source, error.problem_mark or error.context_mark, error.problem) from error
    except RecursionError as error:
        raise UserError(f"{source}:1:1: nested deeper than any service file is") from error
    finally:
        loader.dispose()


def _loader(text: str, source: str) -> yaml.SafeLoader:
    try:
        return yaml.SafeLoader(text)
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        raise UserError(f"{source}:{line}:{column}: {error.reason} (U+{error.character:04X})") from error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    if len(raw) > _MAX_BYTES:
        raise UserError(f"cannot read {path}: larger than {_MAX_BYTES} bytes, which no service file is")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def _problem(source: str, mark: yaml.Mark | None, problem: str | None) -> UserError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    hint = "; indent with spaces, YAML forbids tabs" if "'\\t'" in (problem or "") else ""
    return UserError(f"{source}:{line}:{column}: {problem or 'malformed YAML'}{hint}")


class _Reader:
    """Turns nodes into plain data, and notes their lines in a document."""

    def __init__(self, loader: yaml.SafeLoader, document: Document) -> None:
        self._loader = loader
        self._document = document
        self._open: set[int] = set()
        self._count = 0

    def value(self, node: yaml.Node, path: KeyPath) -> object:
        """Return the plain value of `node`, which stands at `path`."""
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        self._count += 1
        if self._count > _MAX_NODES:
            raise self._error(node, f"more than {_MAX_NODES} values; are aliases nested?")
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
            raise self._error(node, f"the tag {node.tag!r} is not for service files; remove it")
        if id(node) in self._open:
            raise self._error(node, "an alias that contains itself")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
            return self._scalar(node)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key, line = self._key(key_node), key_node.start_mark.line + 1
            if key in seen:
                raise self._error(key_node, f"key {key!r} a second time; the first is in line {seen[key]}")
            seen[key] = line
            self._document.lines[*path, key] = line
        self._loader.flatten_mapping(node)
        return {(key := self._key(k)): self.value(v, (*path, key)) for k, v in node.value}

    def _key(self, node: yaml.Node) -> str:
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if isinstance(key, str):
            return key
        found = f"{node.value} ({spoken(key)})" if isinstance(node, yaml.ScalarNode) else "a collection"
        raise self._error(node, f"a key must be text, found {found}; put it in quotes")

    def _scalar(self, node: yaml.Node) -> object:
        try:
            return self._loader.construct_object(node)
        except (ValueError, OverflowError) as error:
            raise self._error(node, f"{node.value!r} is no value that YAML knows: {error}") from error

    def _error(self, node: yaml.Node, message: str) -> UserError:
        return _problem(self._document.source, node.start_mark, message)


def spoken(value: object) -> str:
    """Say a value in an error message: short, and in YAML's words rather than Python's."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
