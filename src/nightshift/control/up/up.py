"""`nightshift up`: a service from its file to its endpoints, and until it is told to end."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from nightshift.balancing.presets import preset
from nightshift.control.local.child import FleetError
from nightshift.control.local.fleet import LocalFleet, Member, Progress
from nightshift.control.local.plan import FleetPlan, checked
from nightshift.control.processid import ProcessId
from nightshift.control.up.runs import Claim, Place, Run, claim, log_folder_of
from nightshift.control.up.servicefile import read_service
from nightshift.errors import UserError

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for: a file, and what replaces parts of it."""

    file: Path
    system: str | None = None
    port_base: int | None = None

    def plan(self) -> tuple[FleetPlan, str]:
        """Return the fleet, and the name of its system. Raises `UserError`."""
        service = read_service(self.file)
        system = service.system if self.system is None else preset(self.system)
        plan = service.plan(log_folder_of(service.name), system)
        return _with_ports(plan, self.port_base), system.suffix


def _with_ports(plan: FleetPlan, base: int | None) -> FleetPlan:
    if base is None:
        return plan
    if not 1 <= base <= 65536 - len(plan.regions):
        raise UserError(f"--port-base {base}: the ports {base} and up must lie between 1 and 65535")
    regions = tuple(replace(region, port=base + i) for i, region in enumerate(plan.regions))
    return checked(replace(plan, regions=regions))


def run(order: Order, on_up: Callable[[Run], None], progress: Progress) -> None:
    """Bring the service up, call `on_up`, and keep it up until a signal ends it.

    Raises `UserError` when it does not come up, and `FleetError` when one of its processes dies; that is
    also written down for `nightshift status`.
    """
    plan, system = order.plan()
    me = ProcessId.of(os.getpid())
    assert me is not None  # noqa: S101 - it is this process
    state = Run(
        name=plan.name,
        file=str(order.file),
        system=system,
        engine=plan.engine,
        model=plan.model_name,
        phase="starting",
        supervisor=me,
    )
    with claim(plan.name) as claimed:
        claimed.record(state)
        try:
            asyncio.run(_serve(plan, state, claimed, on_up, progress))
        finally:
            if claimed.recorded is None or claimed.recorded.phase != "failed":
                claimed.forget()


async def _serve(
    plan: FleetPlan, state: Run, claimed: Claim, on_up: Callable[[Run], None], progress: Progress
) -> None:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in a task
    for sig in _ENDING:
        if signal.getsignal(sig) is signal.SIG_IGN:  # `nohup`, or a script's background job
            continue
        asyncio.get_running_loop().add_signal_handler(sig, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        async with LocalFleet(plan, progress=progress) as fleet:
            up = _described(state, fleet)
            claimed.record(up)
            on_up(up)
            try:
                await fleet.watch()
            except FleetError as error:
                claimed.record(up.model_copy(update={"phase": "failed", "problem": str(error)}))
                raise


def _described(state: Run, fleet: LocalFleet) -> Run:
    def places(members: tuple[Member, ...]) -> tuple[Place, ...]:
        return tuple(Place(id=m.id, region=m.region, address=m.address) for m in members)

    processes = {child.recipe.name: ProcessId.of(child.pid) for child in fleet.children}
    return state.model_copy(
        update={
            "phase": "up",
            "endpoints": fleet.endpoints,
            "replicas": places(fleet.replicas),
            "balancers": places(fleet.balancers),
            "wan_control": fleet.wan_control,
            "token": fleet.token,
            "children": {name: process for name, process in processes.items() if process},
        }
    )
