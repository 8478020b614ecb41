"""The settings of one balancer: a JSON file, or flags for the simplest case.

Every limit has a name and a default here. Times are in real seconds; `speed` says how many times faster
than real an emulated fleet runs, and divides the probe interval. A wrong setting is one line that names the
key.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from nightshift.backends.adapters import ADAPTERS, adapter_named
from nightshift.balancing.policies import POLICIES
from nightshift.balancing.switches import Switches
from nightshift.errors import UserError
from nightshift.proxy.access.settings import AccessSettings, HeaderValue
from nightshift.proxy.limits import Limits, Strict
from nightshift.proxy.seen.settings import SeenSettings


def host_and_port(address: str) -> tuple[str, int]:
    """Split `http://host:port`, `https://host:port` or `host:port`. Raises ValueError."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme not in ("http", "https") or parts.path not in ("", "/") or parts.query:
        raise ValueError(f"must be http://HOST:PORT or https://HOST:PORT without a path, not {address!r}")
    if not parts.hostname or any(character.isspace() for character in address):
        raise ValueError(f"names no host: {address!r}")
    try:
        parts.hostname.encode("idna")  # as the resolver's caller will, where nobody could say so
    except UnicodeError as error:
        raise ValueError(f"{parts.hostname!r} cannot be the name of a host") from error
    port = 443 if parts.scheme == "https" else 80
    return parts.hostname, port if parts.port is None else parts.port


def is_https(address: str) -> bool:
    """Tell whether an address that was checked is to be reached over TLS."""
    return address.startswith("https://")


def _checked(address: str) -> str:
    host_and_port(address)
    return address


def _header_safe(name: str) -> str:
    if not name.isascii() or not name.isprintable():
        raise ValueError("goes into HTTP headers: use printable ASCII characters")
    return name


def _known_engine(name: str) -> str:
    try:
        return adapter_named(name).name
    except UserError as error:
        raise ValueError(str(error)) from None


# For the admin API's document, which cannot see into validators; those have the better words for errors.
_PRINTABLE = {"pattern": "^[ -~]*$"}
_ENGINES = {"enum": ["auto", *(adapter.name for adapter in ADAPTERS)]}
_HOST_AND_PORT = {"format": "host-and-port", "examples": ["http://10.1.0.4:8000"]}
Address = Annotated[str, Field(json_schema_extra=_HOST_AND_PORT), AfterValidator(_checked)]
Name = Annotated[
    str, Field(min_length=1, max_length=200, json_schema_extra=_PRINTABLE), AfterValidator(_header_safe)
]
Region = Annotated[str, Field(json_schema_extra=_PRINTABLE), AfterValidator(_header_safe)]
Engine = Annotated[str, Field(json_schema_extra=_ENGINES), AfterValidator(_known_engine)]


class ReplicaSettings(Strict):
    """An engine. `region` is the balancer's own when left out; `engine` names the adapter for its metrics.

    `models` are those it is asked for, when that shall not be what it lists itself.
    """

    id: Name
    address: Address
    region: Region = ""
    engine: Engine = "auto"
    upstream_authorization: HeaderValue | None = Field(default=None, repr=False)
    """The Authorization that this engine is shown, in place of the client's: `Bearer ...`."""
    models: tuple[str, ...] = ()


class PeerSettings(Strict):
    """Another balancer. `id` is the name it calls itself by; `region` is that name when left out."""

    id: Name
    address: Address
    region: Region = ""


class Targets(Strict):
    """All that a balancer may send requests to."""

    replicas: tuple[ReplicaSettings, ...] = ()
    peers: tuple[PeerSettings, ...] = ()

    @field_validator("replicas", "peers")
    @classmethod
    def _ids_differ(cls, targets: tuple[Any, ...]) -> tuple[Any, ...]:
        ids = [target.id for target in targets]
        twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
        if twice:
            raise ValueError(f"the same id twice: {', '.join(twice)}")
        return targets


Tenant = Annotated[str, Field(min_length=1, max_length=200)]
AllowedRegions = Annotated[tuple[Name, ...], Field(min_length=1)]


class Settings(Targets, AccessSettings, SeenSettings):
    """One balancer. `Switches` has how it places requests, `AccessSettings` who may do what.

    `SeenSettings` has what others see of it.
    """

    name: Name
    region: Region
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    switches: Switches = Switches()
    residency: dict[Tenant, AllowedRegions] = Field(default_factory=dict)
    """The regions that may serve a tenant's requests; `*` is every other tenant, and who has no key."""
    speed: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    limits: Limits = Limits()
    seed: int = 0

    @field_validator("switches", mode="before")
    @classmethod
    def _no_unknown_switch(cls, value: object) -> object:
        _refuse_unknown(value, Switches)
        return value

    @field_validator("switches")
    @classmethod
    def _known_policies(cls, switches: Switches) -> Switches:
        for name in (switches.replica_policy, switches.peer_policy):
            if name not in POLICIES:
                raise ValueError(f"unknown policy {name!r}; known are {', '.join(sorted(POLICIES))}")
        return switches

    @model_validator(mode="after")
    def _peers_need_a_token(self) -> "Settings":
        if self.peers and not self.peer_token:
            raise ValueError(
                "peers are given but no peer_token: without the shared secret a peer takes a request that "
                "was handed over for a client's, and may hand it back"
            )
        if self.name in (peer.id for peer in self.peers):
            raise ValueError(f"peers: this balancer itself ({self.name!r}) is among them; leave it out")
        return self

    @model_validator(mode="after")
    def _admin_needs_a_token(self) -> "Settings":
        if self.admin is not None and not self.peer_token:
            raise ValueError("admin is given but no peer_token, which whoever uses the admin API must show")
        return self

    @property
    def probe_interval_s(self) -> float:
        """Seconds between two reports, on this machine's clock."""
        return self.switches.probe_interval_s / self.speed


def read_settings(path: Path) -> Settings:
    """Read the JSON file at `path`. Raises `UserError` with the key that is wrong."""
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise UserError(f"{path} is not JSON: {error}") from error
    return checked_settings(content, where=str(path))


def checked_settings(content: object, *, where: str) -> Settings:
    """Return `content` as settings. Raises `UserError` that begins with `where`."""
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{where}: {first_problem(error)}") from error


def first_problem(error: ValidationError) -> str:
    """Put the first problem, with the key, in one line."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{key}: {message}{more}" if key else f"{message}{more}"


def _refuse_unknown(value: object, kind: type[Any]) -> None:
    """Standard dataclasses ignore unknown keys; a misspelt switch would silently do nothing."""
    if not isinstance(value, Mapping):
        return
    known = {field.name: field for field in fields(kind)}
    for key, inner in value.items():
        if key not in known:
            raise ValueError(f"unknown switch {key!r}; known are {', '.join(known)}")
        field_type = known[key].type
        if isinstance(field_type, type) and is_dataclass(field_type):
            _refuse_unknown(inner, field_type)
