"""The YAML of a service: its keys, their defaults and what is allowed.

`read_service` returns a value that is right as a whole, or raises one `UserError` that names file, line
and key. What only matters for one engine is refused with another, rather than ignored.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from nightshift.balancing.presets import Preset, preset
from nightshift.control import yamlfile
from nightshift.control.checked import Strict, check, refuse, refuse_because
from nightshift.control.local.plan import (
    DEFAULT_PROFILE,
    Engine,
    FleetPlan,
    RegionPlan,
    WanPlan,
    checked,
    routing_of,
)
from nightshift.errors import UserError
from nightshift.wan.matrix import DEFAULT, Matrix, load_matrix

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_NAME_RULE = "small letters, digits and hyphens, beginning with a letter, at most 63 (`us-east-2`)"

Pairs = dict[str, dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]]


def _kind_of_matrix(value: object) -> str:
    return "name" if isinstance(value, str) else "pairs"


class Region(Strict):
    """A region of the service."""

    replicas: Annotated[int, Field(ge=0, le=1000)]
    """How many engines stand there; 0 makes a balancer without engines of its own."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Where the region's clients knock; left out, any free port."""
    host: str = "127.0.0.1"
    """The address that port is bound to."""

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if not _HOST.fullmatch(value):
            raise refuse(value, "an IPv4 address or a host name, without a port")
        return value


class Wan(Strict):
    """What lies between the regions."""

    matrix: Annotated[
        Annotated[str, Tag("name")] | Annotated[Pairs, Tag("pairs")], Discriminator(_kind_of_matrix)
    ] = DEFAULT
    """Round trips: the name of a shipped table, or milliseconds, `from: {to: ms}`."""
    jitter_ms: Annotated[float, Field(ge=0, le=10_000)] = 0.0
    """Milliseconds by which a delay varies."""
    bandwidth_mbit_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Of each link and direction; left out, not limited."""

    @field_validator("matrix")
    @classmethod
    def _is_known(cls, value: str | Pairs) -> str | Pairs:
        try:
            load_matrix(value)
        except UserError as error:
            raise refuse_because(str(error)) from error
        return value


def _none_is_no_wan(value: object) -> object:
    if value == "none":
        return None
    if not isinstance(value, dict):
        raise refuse(value, "none, or a mapping with " + ", ".join(Wan.model_fields))
    return value


def _known_system(value: object) -> Preset:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise refuse(value, "the name or the number of a system")
    try:
        return preset(value)
    except UserError as error:
        raise refuse_because(str(error)) from error


def _known_profile(value: str) -> str:
    from nightshift.engine.profiles import PROFILES

    if value not in PROFILES:
        raise refuse(value, ", ".join(PROFILES))
    return value


class Service(Strict):
    """A service: engines in regions, balancers before them, one endpoint for each region's clients."""

    name: str
    """The service's name; `nightshift serve up -n NAME` replaces it."""
    engine: Literal["emulated", "llama.cpp"]
    """What replicas run: the model of an engine, or the real llama.cpp with a small model."""
    regions: Annotated[dict[str, Region], Field(min_length=1)]
    """The first one is where the balancer of a global system stands."""
    system: Annotated[Preset, BeforeValidator(_known_system)] = preset("nightshift")
    """How requests are balanced: a preset's number or name."""
    profile: str | None = None
    """Device and model of the emulated engine."""
    model: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """The name that requests ask for; left out, the engine's own."""
    speed: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """How many times faster than real an emulated fleet runs."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Of all that is drawn at random."""
    wan: Annotated[Wan | None, BeforeValidator(_none_is_no_wan)] = Wan()
    """The distance between the regions. Left out, the shipped table; `none`: none."""

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise refuse(value, _NAME_RULE)
        return value

    @field_validator("regions")
    @classmethod
    def _are_names(cls, value: dict[str, Region]) -> dict[str, Region]:
        for region in value:
            if not _NAME.fullmatch(region):
                raise refuse(region, "as the name of a region, " + _NAME_RULE, region)
        return value

    @field_validator("profile")
    @classmethod
    def _is_a_profile(cls, value: str | None) -> str | None:
        return value if value is None else _known_profile(value)

    @model_validator(mode="after")
    def _fits_together(self) -> "Service":
        if self.engine != "emulated":
            for key in ("profile", "speed"):
                if key in self.model_fields_set:
                    raise refuse(getattr(self, key), "only with `engine: emulated`", key)
        if self.wan is not None and len(self.regions) > 1:
            _all_on_the_map(list(self.regions), load_matrix(self.wan.matrix))
        return self

    def plan(self, log_dir: Path, system: Preset | None = None) -> FleetPlan:
        """Return the local fleet of this service; `system` replaces the file's.

        Raises `UserError` when the parts do not make a fleet that works (`plan.checked`).
        """
        wan = self.wan if len(self.regions) > 1 else None
        return checked(
            FleetPlan(
                name=self.name,
                regions=tuple(
                    RegionPlan(name, region.replicas, region.host, region.port or 0)
                    for name, region in self.regions.items()
                ),
                routing=routing_of(system or self.system),
                log_dir=log_dir,
                engine=Engine(self.engine),
                profile=self.profile or DEFAULT_PROFILE,
                model=self.model,
                wan=WanPlan(wan.matrix, wan.jitter_ms, wan.bandwidth_mbit_s) if wan else None,
                speed=self.speed,
                seed=self.seed,
            )
        )


def _all_on_the_map(regions: list[str], matrix: Matrix) -> None:
    for here in regions:
        for there in regions:
            try:
                matrix.one_way_s(here, there)
            except UserError as error:
                culprit = here if here not in matrix.rtt_ms.regions else there
                raise refuse_because(f"{error}; or set `wan: none`", "regions", culprit) from error


def read_service(path: Path) -> Service:
    """Read and check a service file. Raises `UserError`: file, line, key, what was found, what is allowed."""
    document = yamlfile.read(path)
    if not isinstance(document.data, dict):
        found = yamlfile.spoken(document.data)
        raise document.error((), f"found {found}, allowed: a mapping with {', '.join(Service.model_fields)}")
    if "service" in document.data:
        raise document.error(("service",), "this file is for `nightshift serve up`, not for `nightshift up`")
    service = check(document, Service)
    try:
        service.plan(Path())
    except UserError as error:
        raise document.error(("regions",), str(error)) from error
    return service
