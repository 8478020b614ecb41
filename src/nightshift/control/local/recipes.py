"""How each kind of process of a fleet is started.

Pure: addresses and file descriptors in, command lines out. `Programs` holds the commands themselves, so
that a test can put stand-ins in their place.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nightshift.control.local.child import Recipe
from nightshift.control.local.external import ROUTERS, ExternalRouter, require_router
from nightshift.control.local.plan import Engine, FleetPlan
from nightshift.control.local.wiring import WAN, Entry, Replica

_QUICK_S = 60.0
"""Our own processes serve within a second; this is for machines that are busy with something else."""
_LOADING_S = 300.0


def _module(name: str) -> tuple[str, ...]:
    """Return the command that runs a module of ours; -P keeps what lies in the working directory out."""
    return (sys.executable, "-P", "-m", f"nightshift.{name}")


def _routers() -> dict[ExternalRouter, tuple[str, ...]]:
    launch = _module("control.local.launch")
    return {name: (*launch, one.python, "-P", "-m", one.module) for name, one in ROUTERS.items()}


@dataclass(frozen=True, slots=True)
class Programs:
    """The commands behind the processes, without their arguments."""

    emulated: tuple[str, ...] = _module("backends.emulated")
    llama_cpp: tuple[str, ...] = _module("backends.llama_cpp")
    balancer: tuple[str, ...] = (sys.executable, "-P", "-m", "nightshift", "balancer")
    wan: tuple[str, ...] = (*_module("wan"), "run")
    routers: Mapping[ExternalRouter, tuple[str, ...]] = field(default_factory=_routers)


@dataclass(frozen=True, slots=True)
class Cook:
    """Makes the recipes of one fleet."""

    plan: FleetPlan
    programs: Programs

    def replica(self, replica: Replica, address: str, fd: int) -> Recipe:
        """Return how to start a replica; `fd` is its listening socket, for an engine that inherits it."""
        if self.plan.engine is Engine.LLAMA_CPP:
            return self._llama_cpp(replica, address)
        # One seed for all: the same prompt gets the same answer, whichever replica serves it.
        argv = [*self.programs.emulated, "--profile", self.plan.profile, "--fd", str(fd)]
        argv += ["--speed", f"{self.plan.speed:g}", "--seed", str(self.plan.seed)]
        argv += ["--replica-id", replica.id, "--with-parent", "--model", self.plan.model_name]
        return Recipe(
            replica.id, f"replica {replica.id}", tuple(argv), f"http://{address}/health", _QUICK_S, fds=(fd,)
        )

    def _llama_cpp(self, replica: Replica, address: str) -> Recipe:
        host, _, port = address.rpartition(":")
        argv = [*self.programs.llama_cpp, "--host", host, "--port", port, "--with-parent"]
        argv += ["--alias", self.plan.model_name]
        return Recipe(
            replica.id, f"replica {replica.id}", tuple(argv), f"http://{address}/health", _LOADING_S
        )

    def wan(self, spec_file: str, control: str, fds: Iterable[int]) -> Recipe:
        """Return how to start the relay of all links."""
        argv = (*self.programs.wan, spec_file, "--with-parent")
        return Recipe(WAN, "the WAN relay", argv, f"http://{control}/links", _QUICK_S, fds=tuple(fds))

    def balancer(self, entry: Entry, config_file: str, address: str, fd: int) -> Recipe:
        """Return how to start a balancer."""
        argv = (*self.programs.balancer, "--config", config_file, "--fd", str(fd), "--with-parent")
        populated = {region.name for region in self.plan.regions if region.replicas}
        return Recipe(
            entry.name,
            f"balancer {entry.name}",
            argv,
            f"http://{address}/health",
            _QUICK_S,
            fds=(fd,),
            # All of them, so that no request is placed by a balancer that knows half of the fleet.
            expects={
                "replicas": len(entry.replicas),
                "peers": sum(peer.region in populated for peer in entry.peers),
            },
        )

    def router(self, entry: Entry, address: str, workers: Iterable[str], prometheus: str) -> Recipe:
        """Return how to start the plan's external router before the engines at `workers` (addresses)."""
        name = self.plan.routing
        assert isinstance(name, ExternalRouter)  # noqa: S101 - the fleet asks for a router where one is planned
        host, _, port = address.rpartition(":")
        argv = [*self.programs.routers[name], "--host", host, "--port", port]
        argv += ["--prometheus-host", "127.0.0.1", "--prometheus-port", prometheus.rpartition(":")[2]]
        argv += [word for pair in ROUTERS[name].arguments.items() for word in pair]
        argv += ["--worker-urls", *(f"http://{worker}" for worker in workers)]
        return Recipe(
            entry.name,
            ROUTERS[name].title,
            tuple(argv),
            # It calls itself ready with one worker of several, and asks one that did not answer at first
            # again only after a growing while: it comes last, and is awaited until it has all.
            f"http://{address}/readiness",
            _LOADING_S,
            announces=False,
            expects={"healthy_workers": len(entry.replicas)},
            is_last=True,
        )


def require_packages(plan: FleetPlan) -> None:
    """Raise `UserError` with the command that mends it when a package that the plan needs is missing."""
    if plan.engine is Engine.LLAMA_CPP:
        from nightshift.backends.llama_cpp.weights import require_wheels

        require_wheels()
    if isinstance(plan.routing, ExternalRouter):
        require_router(plan.routing)
