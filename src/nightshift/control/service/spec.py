"""A service as the controller knows it: one value, checked whole, whatever file it came from.

`read.py` makes it of a service file; providers, the controller and the tests only know this. Secrets (values
of `envs`, tokens) are in no `repr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from nightshift.balancing.switches import Switches
from nightshift.control.local.plan import DEFAULT_PROFILE, Engine, WanPlan


class ProviderName(StrEnum):
    """Who runs the machines."""

    LOCAL = "local"
    """Processes on this machine."""
    SKYPILOT = "skypilot"
    """Machines and pods that SkyPilot launches."""


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """What a replica runs on this machine."""

    engine: Engine
    profile: str = DEFAULT_PROFILE
    model: str | None = None
    """The name that requests ask for; None: the engine's own."""
    speed: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SkyTask:
    """What a replica runs on a cloud: a SkyPilot task without its `service` section.

    `task` has the keys of SkyPilot's YAML (`resources`, `setup`, `run`, `workdir`, `file_mounts`, ...) but
    `envs` and `service`. `resources` is that of any replica: its region comes from `Placeable.resources`.
    """

    task: Mapping[str, object]
    port: int
    """Where the engine listens."""


@dataclass(frozen=True, slots=True)
class Placeable:
    """A place for replicas: an entry of `resources.ordered`. Replica k goes to entry (k - 1) mod n.

    `resources` are SkyPilot's, with cloud and region; empty on this machine.
    """

    region: str
    resources: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BalancerPlace:
    """A balancer: an entry of `external_load_balancers`, or one that a region with replicas was given.

    `host` and `port` are where its clients knock on this machine (port 0: any free one); on a cloud it is
    always port 8000 of its own machine.
    """

    region: str
    resources: Mapping[str, object] = field(default_factory=dict)
    policy: str | None = None
    """How it chooses among its replicas, when that is not the service's policy."""
    host: str = "127.0.0.1"
    port: int = 0
    added: bool = False
    """Whether the file did not name it."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """How one knows that a replica serves. Times in seconds."""

    path: str = "/v1/models"
    initial_delay_s: float = 1200.0
    """From launch to its first good answer; then it has failed for good, and is replaced."""
    timeout_s: float = 15.0
    post_data: object | None = None
    """JSON to POST; None: GET."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    interval_s: float = 10.0
    """Between two questions."""
    failing_s: float = 180.0
    """A replica that was ready and has failed for so long is replaced."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """How many replicas there are. `least` == `most` is a fixed number. Delays in seconds.

    The counts are those of the whole service; requests per second are those that users send to it.
    """

    least: int
    most: int
    target_qps_per_replica: float | None = None
    target_queue_s: float | None = None
    """Scale so that a request waits no longer than this in balancers' queues (our own key)."""
    up_delay_s: float = 300.0
    down_delay_s: float = 1200.0

    @property
    def is_fixed(self) -> bool:
        """Whether nothing ever scales."""
        return self.least == self.most


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """See the head of the file."""

    name: str
    provider: ProviderName
    engine: LocalEngine | SkyTask
    places: tuple[Placeable, ...]
    """Where replicas go, in the file's order; at least one."""
    scaling: Scaling
    balancers: tuple[BalancerPlace, ...]
    """At least one; every region of `places` has one, or the service has one for all (`Topology.GLOBAL`)."""
    switches: Switches = field(default_factory=Switches)
    system: str = "nightshift"
    """What status and figures call the switches: a preset's suffix, or `custom`."""
    policy: str = "prefix_tree"
    """What status shows as LOAD_BALANCING_POLICY: the policy between balancers."""
    readiness: Readiness = Readiness()
    drain_s: float = 120.0
    """What a replica or balancer that is taken away gets for what it is answering."""
    hosted_zone: str | None = None
    """Route53's public zone; the service's name is made in it."""
    wan: WanPlan | None = None
    """Emulated on this machine; None: regions are one hop of the loopback apart."""
    residency: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tenant -> regions that may serve its requests; the tenant `*` is everybody else. Empty: anywhere."""
    balancer_settings: Mapping[str, object] = field(default_factory=dict, repr=False)
    """Keys of a balancer's configuration that the file sets as they are: `limits`, `tls`, `keys`, ..."""
    envs: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Environment of every replica; may hold secrets."""

    @property
    def regions(self) -> tuple[str, ...]:
        """All regions, those with replicas first, each once."""
        return tuple(dict.fromkeys([p.region for p in self.places] + [b.region for b in self.balancers]))

    def place_of(self, replica_id: int) -> Placeable:
        """Return where replica `replica_id` (from 1) goes."""
        return self.places[(replica_id - 1) % len(self.places)]
