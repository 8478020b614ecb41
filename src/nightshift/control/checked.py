"""From a parsed file to a typed model, with errors that say where.

pydantic finds what is wrong and names it by a path (`loc`) into its models; here that path meets the
lines that the YAML reader kept. One error, the first in the file, becomes one line: file, line, key, what
was found and what is allowed. How many more there are is said at its end.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from nightshift.control.yamlfile import Document, KeyPath, spoken

M = TypeVar("M", bound=BaseModel)

_ALLOWED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "mapping_type": "a mapping",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "too_short": "{min_length} or more entries",
    "string_too_short": "text that is not empty",
    "string_too_long": "at most {max_length} characters",
}


class Strict(BaseModel):
    """A mapping of the file: immutable, every key known; an unknown one is compared with the known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, data: object) -> object:
        for key in data if isinstance(data, Mapping) else ():
            if key not in cls.model_fields:
                raise PydanticCustomError(
                    "unknown_key", "{advice}", {"key": key, "advice": f"unknown key; {_near(key, cls)}"}
                )
        return data


def refuse(found: object, allowed: str, *path: str | int) -> PydanticCustomError:
    """Return the error for a validator to raise; `path` leads from the validated value to the culprit."""
    return refuse_because(f"found {spoken(found)}, allowed: {allowed}", *path)


def refuse_because(message: str, *path: str | int) -> PydanticCustomError:
    """Return the error whose message says by itself what was found and what is allowed."""
    return PydanticCustomError("refused", "{message}", {"message": message, "path": path})


def check(document: Document, model: type[M]) -> M:
    """Return the document as `model`, or raise the `UserError` that names its first mistake."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        first = min(details, key=lambda detail: document.line(_path(detail, document)))
        more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
        raise document.error(_path(first, document), said_of(first) + more) from None


def _path(detail: ErrorDetails, document: Document) -> KeyPath:
    """Return where in the file the error is; pydantic's own steps (names of unions) are left out."""
    context: Mapping[str, Any] = detail.get("ctx", {})
    path: KeyPath = ()
    for part in detail["loc"]:
        if (*path, part) in document.lines or (part == detail["loc"][-1] and detail["type"] == "missing"):
            path = (*path, part)
    if detail["type"] == "unknown_key":
        return (*path, context["key"])
    return (*path, *context.get("path", ()))


def said_of(detail: ErrorDetails) -> str:
    """Return what was found and what is allowed, or the words of who has refused it."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in ("unknown_key", "refused"):
        return detail["msg"]
    if kind == "missing":
        return "this key is missing"
    allowed = _ALLOWED.get(kind)
    said = allowed.format(**context) if allowed else detail["msg"][:1].lower() + detail["msg"][1:]
    return f"found {spoken(detail['input'])}, allowed: {said}"


def _near(key: object, model: type[BaseModel]) -> str:
    near = get_close_matches(str(key), model.model_fields, n=1)
    known = ", ".join(model.model_fields)
    return f"did you mean {near[0]!r}?" if near else f"known here: {known}"
