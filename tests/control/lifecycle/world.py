"""A service in virtual time: the real `step`, and a world that launches, fails, is preempted and comes back.

What the shell does with a decision (`controller.loop`) is done here in a few lines, and can be interrupted at
any of them: that is a controller that dies by kill -9. Everything it knows but `fleet` is lost then.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from nightshift.balancing.switches import Switches
from nightshift.control.lifecycle.fleet import Fleet
from nightshift.control.lifecycle.rows import ServiceRow, UnitRow
from nightshift.control.lifecycle.seen import Seen
from nightshift.control.lifecycle.states import State
from nightshift.control.lifecycle.step import Decided, step
from nightshift.control.local.plan import Engine
from nightshift.control.providers.base import Kind, Phase, Unit
from nightshift.control.service.spec import (
    BalancerPlace,
    LocalEngine,
    Placeable,
    ProviderName,
    Readiness,
    Scaling,
    ServiceSpec,
)

REGIONS = ("us-east-2", "eu-central-1", "ap-northeast-1")
TICK_S = 1.0


def spec(
    replicas: int = 4, regions: Iterable[str] = REGIONS, switches: Switches | None = None, **changed: object
) -> ServiceSpec:
    made = ServiceSpec(
        name="svc",
        provider=ProviderName.LOCAL,
        engine=LocalEngine(Engine.EMULATED),
        places=tuple(Placeable(region) for region in regions),
        scaling=Scaling(replicas, replicas),
        balancers=tuple(BalancerPlace(region) for region in regions),
        switches=switches or Switches(),
        readiness=Readiness(initial_delay_s=60.0, failing_s=30.0, interval_s=1.0),
        drain_s=20.0,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def distance(here: str, there: str) -> float:
    order = {region: number for number, region in enumerate(REGIONS)}
    return abs(order.get(here, 9) - order.get(there, 9)) * 0.05


@dataclass
class World:
    """Units as they are; `busy` are replicas with requests under way."""

    spec: ServiceSpec
    fleet: Fleet
    now: float = 1000.0
    units: dict[str, Phase] = field(default_factory=dict)
    regions: dict[str, tuple[Kind, str]] = field(default_factory=dict)
    hung: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    """Units that cannot be ended."""
    launched: list[str] = field(default_factory=list)
    misses: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    decided: Decided | None = None
    launch_takes: int = 2
    _launching: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: ServiceSpec) -> "World":
        return cls(spec, Fleet(ServiceRow(spec.name, 1, 1000.0, desired=spec.scaling.least), ()))

    # The world moves

    def kill(self, name: str) -> None:
        self.units[name] = Phase.STOPPED

    def preempt(self, name: str) -> None:
        del self.units[name]

    def _advance(self) -> None:
        self.now += TICK_S
        for name in [n for n, left in self._launching.items() if left <= 0]:
            del self._launching[name]
            if self.units.get(name) is Phase.LAUNCHING:
                self.units[name] = Phase.RUNNING
        for name in self._launching:
            self._launching[name] -= 1

    def _sight(self) -> dict[str, Seen]:
        seen = {}
        for row in self.fleet.rows:
            phase = self.units.get(row.name)
            unit = None
            if phase is not None:
                unit = Unit(row.name, row.kind, row.region, phase, address=f"{row.name}:1", admin="x:1")
            if row.state in (State.STARTING, State.READY, State.NOT_READY):
                well = phase is Phase.RUNNING and row.name not in self.hung
                self.misses[row.name] = 0 if well else self.misses.get(row.name, 0) + 1
                self.answers[row.name] = self.answers.get(row.name, 0) + 1 if well else 0
            outstanding = 1 if row.name in self.busy else 0
            counts = self.misses.get(row.name, 0), self.answers.get(row.name, 0)
            seen[row.name] = Seen(unit, *counts, "no answer", outstanding)
        return seen

    # The shell, and its death

    def tick(self, die_after: int | None = None) -> Decided:
        """One step; with `die_after` the shell dies after so many of its deeds, its memory is lost."""
        self._advance()
        decided = step(self.now, self.spec, self.fleet, self._sight(), distance)
        deeds: list[Callable[[], None]] = [partial(self._write_down, decided)]
        deeds += [partial(self._launch, row) for row in decided.launch]
        deeds += [partial(self._terminate, row) for row in decided.terminate]
        for deed in deeds[:die_after]:
            deed()
        if die_after is not None:
            self.misses.clear()
            self.answers.clear()
        self.decided = decided
        return decided

    def _write_down(self, decided: Decided) -> None:
        self.fleet = decided.fleet.pruned()

    def ticks(self, count: int) -> Decided:
        for _ in range(count):
            decided = self.tick()
        return decided

    def _launch(self, row: UnitRow) -> None:
        if row.name in self.units:
            return
        if row.region in self.refused:
            self._amend(
                row.name, lambda r: replace(r.become(State.FAILED_PROVISION, self.now, "no"), permanent=False)
            )
            return
        self.launched.append(row.name)
        self.units[row.name] = Phase.LAUNCHING
        self._launching[row.name] = self.launch_takes

    def _terminate(self, row: UnitRow) -> None:
        if row.name in self.stuck:
            self._amend(
                row.name,
                lambda r: (
                    replace(r, since=self.now)
                    if r.state is State.FAILED_CLEANUP
                    else r.become(State.FAILED_CLEANUP, self.now, "stuck")
                ),
            )
            return
        self.units.pop(row.name, None)
        self._launching.pop(row.name, None)
        self._amend(row.name, lambda r: replace(r, gone=self.now))

    def _amend(self, name: str, change: Callable[[UnitRow], UnitRow]) -> None:
        self.fleet = self.fleet.with_rows(change(row) for row in self.fleet.rows if row.name == name)

    # Looking

    def rows(self, kind: Kind = Kind.REPLICA, *states: State) -> list[UnitRow]:
        return [r for r in self.fleet.of(kind) if r.gone is None and (not states or r.state in states)]

    def ready(self, kind: Kind = Kind.REPLICA) -> list[str]:
        return [row.name for row in self.rows(kind, State.READY)]

    def by_region(self) -> dict[str, int]:
        counts = dict.fromkeys((place.region for place in self.spec.places), 0)
        for row in self.rows(Kind.REPLICA, State.READY):
            counts[row.region] += 1
        return counts
