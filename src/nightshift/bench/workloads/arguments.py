"""A workload's arguments as words of a command line: parsed, written, explained.

`nightshift bench client --workload W --flag value` and `compare --extra-args '--flag value'` both come here,
so a flag means the same in both. A flag is the name of a field of the workload's `arguments_type` with `-`
for `_`. Flags that are true or false are given as `--flag`, `--no-flag` or `--flag=true`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from nightshift.bench.workloads.common import CommonArguments
from nightshift.bench.workloads.registry import explained, kind_named
from nightshift.errors import UserError


def parse(workload_name: str, words: Sequence[str]) -> dict[str, object]:
    """Return the arguments that `words` give, by field name, checked and of the field's type.

    Arguments that are not given are not in the result. Raises `UserError` naming the flag that is unknown,
    has no value or a wrong one.
    """
    model = kind_named(workload_name).arguments_type
    given = dict(_pairs(workload_name, model, words))
    try:
        whole = model.model_validate(given)
    except ValidationError as error:
        raise UserError(f"workload {workload_name}: {explained(error)}") from error
    return whole.model_dump(mode="json", include=set(given))


def as_words(arguments: Mapping[str, object]) -> list[str]:
    """Return words that `parse` reads back as `arguments`; None stands for the default and is left out."""
    return [
        f"--{name.replace('_', '-')}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in arguments.items()
        if value is not None
    ]


def flags(workload_name: str) -> list[tuple[str, str, str]]:
    """Return flag, default and meaning of each argument of a workload."""
    fields = kind_named(workload_name).arguments_type.model_fields
    return [(_shown(name, field), _default(field), field.description or "") for name, field in fields.items()]


def _pairs(
    workload_name: str, model: type[CommonArguments], words: Sequence[str]
) -> Iterator[tuple[str, str]]:
    fields = model.model_fields
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            raise UserError(
                f"workload {workload_name}: {word!r} belongs to no flag; a flag has one value, "
                "and one with spaces needs quotes"
            )
        flag, equals, value = word[2:].partition("=")
        name = flag.replace("-", "_")
        negated = name.removeprefix("no_")
        if name in fields and _is_boolean(fields[name]):
            yield name, value or "true"
        elif negated in fields and _is_boolean(fields[negated]) and not equals:
            yield negated, "false"
        elif name not in fields:
            known = ", ".join(f"--{field.replace('_', '-')}" for field in fields)
            raise UserError(f"workload {workload_name} has no flag --{flag}; it has {known}")
        else:
            found = value if equals else next(rest, None)
            if found is None:
                raise UserError(f"workload {workload_name}: --{flag} needs a value")
            yield name, found


def _is_boolean(field: FieldInfo) -> bool:
    return field.annotation is bool or bool in get_args(field.annotation)


def _shown(name: str, field: FieldInfo) -> str:
    flag = name.replace("_", "-")
    return f"--{flag}/--no-{flag}" if field.default is True else f"--{flag}"


def _default(field: FieldInfo) -> str:
    if field.default is None:
        return "none"
    return str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
