"""The file that describes a WAN: which links, how far, how fast. Validated before anything starts."""

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nightshift.errors import UserError
from nightshift.wan.matrix import DEFAULT

_Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
_Pairs = dict[str, dict[str, _Number]]
_PositivePairs = dict[str, dict[str, _Positive]]
_SharePairs = dict[str, dict[str, _Share]]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Listener(_Section):
    """Where to listen: an inherited listening socket, or an address (port 0: any free one)."""

    listen_fd: int | None = Field(default=None, ge=0)
    listen: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "Listener":
        if (self.listen_fd is None) == (self.listen is None):
            raise ValueError("give either an inherited socket's number or `listen: host:port`")
        return self


class LinkSpec(Listener):
    """One link: listens in region `from`, stands for `target` in region `to`."""

    name: str
    from_region: str = Field(alias="from")
    to: str
    target: str


class ControlSpec(Listener):
    """Where the control API listens; loopback only."""

    listen_fd: int | None = Field(default=None, ge=0, alias="fd")


class WanSpec(_Section):
    """The whole relay.

    `matrix` (round trip, ms) and pair tables are `{a: {b: number}}`; one direction given holds for both.
    """

    speed: _Positive = 1.0
    seed: int = 0
    matrix: str | _Pairs = DEFAULT
    jitter_ms: _Number | _Pairs = 0.0
    bandwidth_mbit_s: _Positive | _PositivePairs | None = None
    loss: _Share | _SharePairs = 0.0
    links: list[LinkSpec]
    """May be empty where there is a control API to add some with."""
    control: ControlSpec | None = None

    @model_validator(mode="after")
    def _names_differ(self) -> "WanSpec":
        names = [link.name for link in self.links]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two links are named {twice[0]!r}")
        return self

    @model_validator(mode="after")
    def _links_come_from_somewhere(self) -> "WanSpec":
        if not self.links and self.control is None:
            raise ValueError("links: give at least one, or a control API to add them with")
        return self


def parse_spec(data: bytes, where: str) -> WanSpec:
    """Read a spec from JSON; `where` (the file) is for messages. Raises `UserError` naming the key."""
    try:
        content: Any = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON: {error}") from error
    try:
        return WanSpec.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(f"{where}: {key}: {first['msg']}") from error


def split_address(address: str, key: str) -> tuple[str, int]:
    """Split `host:port`; `key` is for messages."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise UserError(f"{key}: {address!r} is not host:port")
    return host.strip("[]"), int(port)
