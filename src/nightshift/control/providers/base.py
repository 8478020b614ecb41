"""What the controller wants of whoever runs the machines. Small on purpose: all rules are the controller's.

A unit is one replica, balancer, router or client, on a machine (or in a process group) of its own. It has a
name that is unique among all services for good: `svc1-r3`, `svc1-b1`. Everything is asked by that name, and
every method may be called again after any crash:

- `launch` of a name that exists already, in whatever phase, changes nothing. So the controller writes its
  intent down first, and may die before, in and after the call.
- `describe` tells what is really there, also what this process did not launch itself.
- `terminate` of a name that is not there succeeds. It returns when nothing of the unit is left: no process,
  no port, no cluster.

A provider keeps no state of its own that is needed to tell what is there, but for what lies with the units
(process records beside their logs, clusters in SkyPilot's database). It decides nothing: when a unit dies, it
says so in `describe`, and leaves it. Methods that take long (`launch` on a cloud: minutes) do not block the
event loop.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from nightshift.control.service.spec import LocalEngine, ServiceSpec, SkyTask
from nightshift.errors import NightshiftError


class Kind(StrEnum):
    """What a unit is. The value is the letter in its name."""

    REPLICA = "r"
    BALANCER = "b"
    ROUTER = "router"
    """A baseline: somebody else's router before the replicas of a service."""
    CLIENT = "client"
    """A load generator of the benchmark."""


class Phase(StrEnum):
    """How far a unit has come, as its provider sees it. Whether it serves is the controller's to find out."""

    LAUNCHING = "launching"
    """Being made: no address to ask yet, or one that does not matter yet."""
    RUNNING = "running"
    """It has an address, and what was ordered has been started there."""
    STOPPED = "stopped"
    """It was there and has ended by itself, or was taken away (preempted); `problem` says how."""
    FAILED = "failed"
    """It could not be launched; `problem` says why. What is left of it still needs `terminate`."""


class ProviderError(NightshiftError):
    """A unit could not be launched or ended. The message names the cause and, if there is one, the mend.

    `permanent`: trying again cannot help (no permission, no such region, quota of zero).
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Balancing:
    """What a balancer unit runs: `nightshift balancer --config`.

    `settings` are those of `nightshift.proxy.settings`, without `host`, `port` and `admin`, which are the
    provider's: it listens where the unit can be reached, on `port` for clients if that is not 0.
    """

    settings: Mapping[str, object] = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class Routing:
    """What a router unit runs: a command of somebody else's, with its arguments.

    `{host}` and `{port}` in an argument stand for where it is to listen. `setup` are the shell commands that
    install it on a fresh machine; on this machine the environment must have it already.
    """

    argv: tuple[str, ...]
    port: int
    setup: str = ""
    health_path: str = "/health"


@dataclass(frozen=True, slots=True)
class Order:
    """A unit to be launched. `resources` are SkyPilot's, with cloud and region; empty on this machine."""

    name: str
    service: str
    kind: Kind
    region: str
    program: LocalEngine | SkyTask | Balancing | Routing
    resources: Mapping[str, object] = field(default_factory=dict)
    envs: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Unit:
    """What a provider says of a unit."""

    name: str
    kind: Kind
    region: str
    phase: Phase
    address: str | None = None
    """`host:port` as this controller reaches it; a replica's or balancer's public one."""
    admin: str | None = None
    """`host:port` of a balancer's admin listener."""
    zone: str = ""
    resources: str = ""
    """For people: `1x AWS(g6.4xlarge, {'L4': 1})`, or `1x process`."""
    problem: str = ""
    permanent: bool = False
    """For FAILED: trying again cannot help."""


class Provider(Protocol):
    """See the head of the file."""

    async def prepare(self, spec: ServiceSpec) -> None:
        """Check, before anything is launched, that a service can be (packages, credentials, ports, regions).

        Raises `UserError` that names the cause and the fix. May start what the service's regions share (on
        this machine the emulated WAN); called again it changes nothing.
        """

    async def launch(self, order: Order) -> None:
        """Begin to launch a unit. Raises `ProviderError`."""

    async def describe(self, service: str) -> Mapping[str, Unit]:
        """Return all units of a service that are there in any phase, by name."""

    async def terminate(self, name: str, grace_s: float) -> None:
        """End a unit, which gets `grace_s` seconds to finish what it does. Raises `ProviderError`."""

    async def address_from(self, region: str, unit: Unit) -> str:
        """Return the `host:port` at which `region` reaches a running unit: over the emulated WAN, if any."""

    def settings_there(self, settings: Mapping[str, object]) -> Mapping[str, object]:
        """Return a balancer's settings as they are on its machine, where files lie elsewhere than here."""

    def logs(self, name: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Yield what a unit has written, and with `follow` what it goes on to write.

        Raises `UserError` for a name that has no log.
        """

    async def clean_up(self, service: str) -> None:
        """End what `prepare` started, once no unit is left. Raises `ProviderError`."""

    async def leftovers(self, service: str) -> list[str]:
        """Return what of a service is still there, a line each: processes, ports, clusters."""
