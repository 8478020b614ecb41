"""The `service` section of a service file: its keys, their defaults and what each may be.

What a key means together with others, or with the rest of the file, is decided in `systems`, `places`,
`balancers` and `read`.
"""

from typing import Annotated, Literal

import orjson
from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from nightshift.balancing.presets import PRESETS, preset
from nightshift.control.checked import Strict, refuse, refuse_because
from nightshift.control.service.balancer_keys import BalancerKeys
from nightshift.control.service.faults import ZONE_RULE, is_zone
from nightshift.control.service.original_switches import POLICY_NAMES
from nightshift.control.service.overlay import SwitchesOverlay
from nightshift.control.service.task import Resources
from nightshift.control.up.servicefile import Wan
from nightshift.engine.profiles import PROFILES
from nightshift.errors import UserError

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Delay = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Replicas = Annotated[int, Field(ge=1, le=1000)]
Port = Annotated[int, Field(ge=1, le=65535)]


def _known_policy(value: object) -> object:
    if value not in POLICY_NAMES:
        raise refuse(value, ", ".join(POLICY_NAMES))
    return value


def _known_system(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise refuse(value, "the name or the number of a system")
    try:
        found = preset(value)
    except UserError as error:
        raise refuse_because(str(error)) from error
    if found.switches is None:
        raise refuse_because(
            f"system {found.names} is {found.note}: no balancers of a service are like it; "
            f"choose another, the benchmark puts that router before the service's replicas"
        )
    return found.suffix


def _wan_or_none(value: object) -> object:
    if value == "none":
        return None
    if not isinstance(value, dict):
        raise refuse(value, "none, or a mapping with " + ", ".join(Wan.model_fields))
    return value


def _headers(value: object) -> object:
    # Not by pydantic: the value of a header may be a token, and no error shall quote it.
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise refuse_because("must be a mapping from names of headers to text; put values in quotes")
    return value


class _OrNone:
    """Lets the schema say `none`, as files do, in place of null."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        known = handler(schema)
        return {"anyOf": [{"const": "none"}, *(s for s in known["anyOf"] if s != {"type": "null"})]}


SYSTEMS = [
    name for known in PRESETS if known.switches for name in (known.id, known.suffix) if name is not None
]
Policy = Annotated[str, BeforeValidator(_known_policy), WithJsonSchema({"enum": [*POLICY_NAMES]})]
System = Annotated[str, BeforeValidator(_known_system), WithJsonSchema({"enum": SYSTEMS})]
WanOrNone = Annotated[Wan | None, BeforeValidator(_wan_or_none), _OrNone()]


class Probe(Strict):
    """How one knows that a replica serves."""

    path: str
    """What is asked: `/v1/models`. A completion would wait behind others, and time out under load."""
    initial_delay_seconds: Seconds = 1200.0
    """From launch to the first good answer; a replica that takes longer is replaced."""
    timeout_seconds: Seconds = 15.0
    """For one answer."""
    post_data: str | dict[str, object] | None = None
    """JSON to POST, or the mapping itself; left out, GET."""
    headers: Annotated[dict[str, str] | None, BeforeValidator(_headers)] = Field(None, repr=False)
    """Headers of the question."""
    endpoint_probe_interval_seconds: Seconds = 10.0
    """Between two questions."""
    consecutive_failure_threshold_timeout: Seconds = 180.0
    """Seconds for which a replica that was ready may fail; then it is replaced."""

    @field_validator("path")
    @classmethod
    def _is_a_path(cls, value: str) -> str:
        return _checked_path(value)

    @field_validator("post_data")
    @classmethod
    def _is_json(cls, value: str | dict[str, object] | None) -> object:
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise refuse_because("is text and no JSON; write a mapping, or JSON in quotes") from None


def _checked_path(value: str) -> str:
    if not value.startswith("/") or not value.isascii() or not value.isprintable() or " " in value:
        raise refuse(value, "a path that begins with / (`/v1/models`)")
    return value


class ReplicaPolicy(Strict):
    """How many replicas there are, by load."""

    min_replicas: Replicas
    """There are never fewer."""
    max_replicas: Replicas | None = None
    """There are never more; left out, as many as `min_replicas`."""
    target_qps_per_replica: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None
    """Requests per second that one replica shall serve."""
    target_queue_seconds: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None
    """Our own: scale so that a request waits no longer than this in balancers' queues."""
    upscale_delay_seconds: Delay = 300.0
    """For so long more must be needed before there are more."""
    downscale_delay_seconds: Delay = 1200.0
    """For so long fewer must do before there are fewer."""
    base_ondemand_fallback_replicas: Annotated[int | None, Field(ge=0)] = None
    """Read, and without effect: replicas are as `resources` says, spot or not."""
    dynamic_ondemand_fallback: bool | None = None
    """Read, and without effect: a preempted replica is launched again as `resources` says."""
    num_overprovision: Annotated[int | None, Field(ge=0)] = None
    """Read, and without effect: raise `min_replicas`."""
    spot_placer: str | None = None
    """Read, and without effect: replicas go to the places of `resources` in turn."""

    @model_validator(mode="after")
    def _fits_together(self) -> "ReplicaPolicy":
        if self.max_replicas is None or self.max_replicas == self.min_replicas:
            return self
        if self.max_replicas < self.min_replicas:
            raise refuse(self.max_replicas, f"{self.min_replicas} (min_replicas) or more", "max_replicas")
        if self.target_qps_per_replica is None and self.target_queue_seconds is None:
            raise refuse_because(
                "is more than min_replicas, but nothing says when to scale; "
                "add target_qps_per_replica or target_queue_seconds",
                "max_replicas",
            )
        return self


class LoadBalancer(Strict):
    """SkyServe's one load balancer, which this service does not have."""

    stream_timeout_seconds: Seconds | None = None
    """Read, and without effect: `limits.first_byte_s`, `between_chunks_s` and `total_s` bound an answer."""


class ExternalBalancer(Strict):
    """A balancer: one for each region whose clients shall have one near."""

    resources: Resources
    """Its machine: `cloud`, `region`, `instance_type` or `cpus`. No `ports`: it is always 8000."""
    load_balancing_policy: Policy | None = None
    """How it chooses among its replicas; left out, the service's."""
    host: str = "127.0.0.1"
    """Our own, with `engine`: the address that `port` is bound to."""
    port: Port | None = None
    """Our own, with `engine`: where the region's clients knock; left out, any free port."""


def _kind_of_probe(value: object) -> str:
    return "path" if isinstance(value, str) else "probe"


class Section(BalancerKeys):
    """The service: replicas in regions, a balancer for each, one endpoint."""

    replicas: Replicas | None = None
    """How many engines. Replica k goes to entry (k - 1) mod n of `resources.ordered`. Left out: 1."""
    replica_policy: ReplicaPolicy | None = None
    """Instead of `replicas`: a number that follows the load."""
    readiness_probe: Annotated[
        Annotated[str, Tag("path")] | Annotated[Probe, Tag("probe")], Discriminator(_kind_of_probe)
    ] = "/v1/models"
    """How one knows that a replica serves: a path, or more."""
    load_balancing_policy: Policy | None = None
    """How balancers choose among each other, and among replicas where nothing else is said."""
    external_load_balancers: Annotated[list[ExternalBalancer] | None, Field(min_length=1)] = None
    """The balancers. A region with replicas that is not among them gets one all the same."""
    load_balancer: LoadBalancer | None = None
    """Of SkyServe's one load balancer."""
    route53_hosted_zone: str | None = None
    """A public zone of Route53, in which the service's name is made; all balancers must be on AWS."""
    max_concurrent_requests: Annotated[int | None, Field(ge=1)] = None
    """Requests of one balancer on one replica, where its engine is not asked how many wait there."""
    ports: Port | None = None
    """Where the engine listens; left out, the one port of `resources.ports`."""
    system: System | None = None
    """How requests are balanced: the number or name of a system. Left out: `nightshift`."""
    switches: SwitchesOverlay | None = None
    """Single switches that differ from those of `system`."""
    residency: Annotated[dict[str, Annotated[list[str], Field(min_length=1)]] | None, Field(min_length=1)] = (
        None
    )
    """Tenant -> regions that may serve its requests; the tenant `*` is everybody else. Left out: anywhere."""
    engine: Literal["emulated", "llama.cpp"] | None = None
    """Run on this machine, with this engine; left out, SkyPilot launches machines that execute `run`."""
    profile: str | None = None
    """With `engine: emulated`: device and model that it behaves like."""
    model: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """With `engine`: the name that requests ask for; left out, the engine's own."""
    speed: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """With `engine: emulated`: how many times faster than real it runs."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """With `engine`: of all that is drawn."""
    wan: WanOrNone = None
    """With `engine`: the distance between the regions. Left out, the shipped table; `none`: none."""
    drain_seconds: Delay = 120.0
    """What a replica or balancer that is taken away gets to finish what it is answering."""

    @field_validator("readiness_probe")
    @classmethod
    def _is_a_path(cls, value: str | Probe) -> str | Probe:
        return _checked_path(value) if isinstance(value, str) else value

    @field_validator("route53_hosted_zone")
    @classmethod
    def _is_a_zone(cls, value: str | None) -> str | None:
        if value is not None and not is_zone(value):
            raise refuse(value, ZONE_RULE)
        return value

    @field_validator("profile")
    @classmethod
    def _is_a_profile(cls, value: str | None) -> str | None:
        if value is not None and value not in PROFILES:
            raise refuse(value, ", ".join(PROFILES))
        return value

    @model_validator(mode="after")
    def _fits(self) -> "Section":
        if self.replicas is not None and self.replica_policy is not None:
            raise refuse_because("replicas is given as well; keep one of the two", "replica_policy")
        if self.engine is None:
            self._has_not(("profile", "model", "speed", "seed", "wan"), "with `engine`")
        elif self.engine != "emulated":
            self._has_not(("profile", "speed"), "with `engine: emulated`")
        return self

    def _has_not(self, keys: tuple[str, ...], rule: str) -> None:
        for key in keys:
            if key in self.model_fields_set:
                raise refuse(getattr(self, key), f"only {rule}", key)
