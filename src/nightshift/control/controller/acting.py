"""Carrying out what was decided: each order once at a time, its outcome told to the loop.

Orders are levels: the loop gives all that hold, again and again, and who is already at one of them is left
alone. A task that fails says so in the unit's row; the next step decides what follows from that.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from nightshift.control.controller.balancers import BalancerAdmin, UnreachableError
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Kind, Order, Provider, ProviderError

_log = logging.getLogger(__name__)

_REPLICA_GRACE_S = 5.0
"""A replica that is ended has drained already, or is broken."""
_AGAIN_S = 10.0
"""Between two attempts to end what could not be ended."""

Amend = Callable[[str, Callable[[UnitRow], UnitRow]], None]
"""Changes the row of a unit, by its name, and writes it down."""


class Actor:
    """The tasks of one service."""

    def __init__(
        self, provider: Provider, admin: BalancerAdmin, amend: Amend, clock: Callable[[], float]
    ) -> None:
        self._provider = provider
        self._admin = admin
        self._amend = amend
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._pushed: dict[str, object] = {}

    def launch(self, row: UnitRow, order: Order) -> None:
        """Have the provider make a unit."""
        self._once(row.name, self._launch(row, order))

    def terminate(self, row: UnitRow, grace_s: float) -> None:
        """Have the provider leave nothing of a unit."""
        if row.state is State.FAILED_CLEANUP and self._clock() - row.since < _AGAIN_S:
            return
        self._pushed.pop(row.name, None)
        self._once(row.name, self._terminate(row, grace_s))

    def push(self, row: UnitRow, targets: Mapping[str, Any], there: Mapping[str, Any] | None) -> None:
        """Have a balancer know its targets; `there` is what it last said of itself."""
        if row.admin is None or (self._pushed.get(row.name) == targets and _has(there, targets)):
            return
        self._once(f"push {row.name}", self._push(row, targets))

    def drain(self, row: UnitRow, replica: str, *, draining: bool) -> None:
        """Have a balancer send nothing new to a replica, or send to it again."""
        if row.admin is not None:
            self._once(f"drain {row.name} {replica}", self._drain(row.admin, replica, draining=draining))

    def renew(self, row: UnitRow, settings: Mapping[str, Any], version: int) -> None:
        """Have a balancer go on with the settings of a version."""
        if row.admin is not None:
            self._once(f"settings {row.name}", self._renew(row, settings, version))

    async def close(self) -> None:
        """Stop, wherever it is; whoever comes next takes it up."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # One task each

    def _once(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        if key in self._tasks:
            work.close()
            return
        task = asyncio.create_task(work, name=key)
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def _launch(self, row: UnitRow, order: Order) -> None:
        _log.info("%s: launching in %s", row.name, row.region)
        try:
            await self._provider.launch(order)
        except ProviderError as error:
            _log.warning("%s: could not be launched: %s", row.name, error)
            problem, permanent = str(error), error.permanent
            self._amend(
                row.name,
                lambda now: (
                    replace(now.become(State.FAILED_PROVISION, self._clock(), problem), permanent=permanent)
                    if now.state in (State.PENDING, State.PROVISIONING)
                    else now
                ),
            )

    async def _terminate(self, row: UnitRow, grace_s: float) -> None:
        _log.info("%s: ending (%s)", row.name, row.state)
        try:
            await self._provider.terminate(row.name, grace_s)
        except ProviderError as error:
            _log.warning("%s: could not be ended: %s", row.name, error)
            problem = str(error)
            self._amend(row.name, lambda now: _not_cleaned(now, self._clock(), problem))
        else:
            self._amend(row.name, lambda now: replace(now, gone=self._clock()))

    async def _push(self, row: UnitRow, targets: Mapping[str, Any]) -> None:
        try:
            await self._admin.put_targets(row.admin or "", targets)
        except UnreachableError as error:
            _log.warning("%s: could not be told its targets: %s", row.name, error)
            await asyncio.sleep(1.0)
        else:
            self._pushed[row.name] = targets
            _log.info("%s: %d replicas, %d peers", row.name, len(targets["replicas"]), len(targets["peers"]))

    async def _drain(self, admin: str, replica: str, *, draining: bool) -> None:
        try:
            await self._admin.drain_replica(admin, replica, draining=draining)
        except UnreachableError as error:
            _log.warning("%s: could not be told to drain: %s", replica, error)

    async def _renew(self, row: UnitRow, settings: Mapping[str, Any], version: int) -> None:
        try:
            await self._admin.put_settings(row.admin or "", settings)
        except UnreachableError as error:
            problem = f"keeps the settings of version {row.version}: {error}"
            _log.warning("%s: %s", row.name, problem)
            self._amend(row.name, lambda now: replace(now, problem=problem))
            await asyncio.sleep(5.0)
        else:
            _log.info("%s: settings of version %d", row.name, version)
            self._amend(row.name, lambda now: replace(now, version=version, problem=""))


def _not_cleaned(row: UnitRow, now: float, problem: str) -> UnitRow:
    if row.state is State.FAILED_CLEANUP:
        return replace(row, since=now, problem=problem)
    return row.become(State.FAILED_CLEANUP, now, problem)


def _has(there: Mapping[str, Any] | None, targets: Mapping[str, Any]) -> bool:
    """Tell whether a balancer has just these targets, as far as its last word says."""
    if there is None:
        return True
    replicas = {target["id"] for target in targets["replicas"]}
    peers = {target["id"] for target in targets["peers"]}
    return bool(replicas == there.get("replica", {}).keys() and peers == there.get("peer", {}).keys())


def grace_s(row: UnitRow, drain_s: float) -> float:
    """Return what a unit gets to end what it has: a balancer drains by itself when it is told to end."""
    drains = row.kind is Kind.BALANCER and row.state is State.SHUTTING_DOWN
    return drain_s if drains else _REPLICA_GRACE_S
