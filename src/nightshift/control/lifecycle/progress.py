"""The next state of one unit, by what was seen of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.seen import Seen
from nightshift.control.lifecycle.states import LIVING, State
from nightshift.control.providers.base import Kind, Phase
from nightshift.control.service.spec import ServiceSpec


@dataclass(frozen=True, slots=True)
class Rules:
    """Patience, in seconds and probes."""

    initial_delay_s: float
    failing_s: float
    drain_s: float
    misses: int = 2
    """Probes that fail in a row before a unit that was ready is not."""
    answers: int = 2
    """Probes that succeed in a row before it is ready again; more than one, so what flaps stays away."""


BALANCER_INITIAL_DELAY_S = 120.0
"""The original's, for its load balancers."""
BALANCER_MISSES = 3
LONGEST_PROVISION_S = 3600.0
"""A machine that is being made for so long will not come. Clouds answer within minutes."""


def rules_for(kind: Kind, spec: ServiceSpec) -> Rules:
    """Return how patient one is with units of a kind."""
    if kind is Kind.REPLICA:
        readiness = spec.readiness
        return Rules(readiness.initial_delay_s, readiness.failing_s, spec.drain_s)
    return Rules(
        max(BALANCER_INITIAL_DELAY_S, 0.0), spec.readiness.failing_s, spec.drain_s, misses=BALANCER_MISSES
    )


def progress(now: float, row: UnitRow, seen: Seen, rules: Rules) -> UnitRow:
    """Return the row as it is now: in another state, or with what is new of it."""
    if row.state in LIVING:
        row = _with_facts(row, seen)
        lost = _lost(now, row, seen)
        if lost is not None:
            return lost
    step = _STEPS.get(row.state)
    return row if step is None else step(now, row, seen, rules)


def _with_facts(row: UnitRow, seen: Seen) -> UnitRow:
    """Take over what the provider says of where it is."""
    unit = seen.unit
    if unit is None:
        return row
    facts = (unit.address or row.address, unit.admin or row.admin, unit.zone, unit.resources)
    if facts == (row.address, row.admin, row.zone, row.resources):
        return row
    address, admin, zone, resources = facts
    return replace(row, address=address, admin=admin, zone=zone, resources=resources)


def _lost(now: float, row: UnitRow, seen: Seen) -> UnitRow | None:
    """Tell whether the provider says that it is over with the unit."""
    unit = seen.unit
    if unit is None:
        if row.state is State.PENDING:
            return None  # the launch has not got that far
        return row.become(State.PREEMPTED, now, "its machine is gone, and nobody here has ended it")
    if unit.phase is Phase.FAILED:
        launched = row.state in (State.PENDING, State.PROVISIONING)
        failed = row.become(State.FAILED_PROVISION if launched else State.FAILED, now, unit.problem)
        return replace(failed, permanent=unit.permanent)
    if unit.phase is Phase.STOPPED:
        return row.become(State.FAILED, now, unit.problem or "it has ended by itself")
    return None


def _pending(now: float, row: UnitRow, seen: Seen, rules: Rules) -> UnitRow:
    if seen.unit is None:
        return row
    return row.become(State.STARTING if seen.unit.phase is Phase.RUNNING else State.PROVISIONING, now)


def _provisioning(now: float, row: UnitRow, seen: Seen, rules: Rules) -> UnitRow:
    if seen.unit is not None and seen.unit.phase is Phase.RUNNING:
        return row.become(State.STARTING, now)
    if now - row.since > LONGEST_PROVISION_S:
        problem = f"its machine was not there after {LONGEST_PROVISION_S:g} s"
        return row.become(State.FAILED_PROVISION, now, problem)
    return row


def _starting(now: float, row: UnitRow, seen: Seen, rules: Rules) -> UnitRow:
    if seen.answers:
        return replace(row.become(State.READY, now), ready_first=now, problem="")
    if now - row.since > rules.initial_delay_s:
        found = seen.problem or "nothing answered"
        problem = f"not ready after {rules.initial_delay_s:g} s: {found}"
        return row.become(State.FAILED_INITIAL_DELAY, now, problem)
    return row


def _ready(now: float, row: UnitRow, seen: Seen, rules: Rules) -> UnitRow:
    return row.become(State.NOT_READY, now, seen.problem) if seen.misses >= rules.misses else row


def _not_ready(now: float, row: UnitRow, seen: Seen, rules: Rules) -> UnitRow:
    if seen.answers >= rules.answers:
        return replace(row.become(State.READY, now), problem="")
    if now - row.since > rules.failing_s:
        problem = f"failed its probes for {rules.failing_s:g} s: {seen.problem}"
        return row.become(State.FAILED_PROBING, now, problem)
    return row


def _draining(now: float, row: UnitRow, seen: Seen, rules: Rules) -> UnitRow:
    """It is over when the balancers say that nothing runs there; but one look at it is not enough.

    Between an order to drain and the balancers' obeying, a request may still go there.
    """
    unit = seen.unit
    dead = unit is None or unit.phase is not Phase.RUNNING
    idle = seen.outstanding == 0 and now - row.since >= _SETTLED_S
    over = now - row.since >= rules.drain_s
    return row.become(State.SHUTTING_DOWN, now) if dead or idle or over else row


_SETTLED_S = 2.0

_STEPS: Mapping[State, Callable[[float, UnitRow, Seen, Rules], UnitRow]] = {
    State.PENDING: _pending,
    State.PROVISIONING: _provisioning,
    State.STARTING: _starting,
    State.READY: _ready,
    State.NOT_READY: _not_ready,
    State.DRAINING: _draining,
}
