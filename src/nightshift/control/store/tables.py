"""The tables, made of the rows' own fields, so that a field cannot be in one and not in the other."""

from dataclasses import fields
from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, String, Table, Text

from nightshift.control.lifecycle.rows import ServiceRow, UnitRow

METADATA = MetaData()

_TYPES: dict[str, Any] = {
    "str": Text,
    "int": Integer,
    "float": Float,
    "bool": Boolean,
    "str | None": Text,
    "float | None": Float,
}


def _columns(row: type, *keys: str) -> list[Column[Any]]:
    """Return a column for each field of a row; enums are kept as their words."""
    return [
        Column(
            field.name,
            String(200) if field.name in keys else _type(field.type),
            primary_key=field.name in keys,
            nullable="None" in str(field.type),
        )
        for field in fields(row)
    ]


def _type(annotation: object) -> type:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return Text
    name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    kind: type = _TYPES[name]
    return kind


SERVICES = Table("services", METADATA, *_columns(ServiceRow, "name"))
UNITS = Table("units", METADATA, *_columns(UnitRow, "name"))

FILES = Table(
    "files",
    METADATA,
    Column("service", String(200), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("source", Text, nullable=False),
)
"""The service file of each version, as it was given."""

SECRETS = Table(
    "secrets",
    METADATA,
    Column("service", String(200), primary_key=True),
    Column("content", Text, nullable=False),
)
"""What nobody is shown: the service's token, and the values of `--env`. In no dump of the state."""
