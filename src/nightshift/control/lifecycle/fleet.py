"""Which units there shall be: what is missing is made, what is too much leaves.

Replicas. Replica k goes to place (k - 1) mod n, so that the first ones fill the places in turn; later ones
skip numbers until one falls on the place that lacks most. One more is made where a place has two fewer than
another, and one of the other leaves when it is ready. An update makes new ones beside the old (`surge`)
and lets an old one go for each new one that is ready; `blue_green` makes all, and lets the old ones go
together.

Balancers. One in each place of the spec. Another comes only when nothing is left of the one before, because
it takes over its port.

Routers. Baselines of the benchmark, as many as were asked for, once as many replicas are ready as there shall
be: some of them are told of replicas at their start only.

What fails before it was ever ready is tried again later and later in that place; what cannot be mended by
trying again is not tried until an update.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from nightshift.control.lifecycle.rows import ROUTERS, ServiceRow, UnitRow
from nightshift.control.lifecycle.states import BROKEN, LIVING, State
from nightshift.control.providers.base import Kind
from nightshift.control.service.spec import ProviderName, ServiceSpec

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 300.0
REMEMBERED = 20
"""Units that are gone and still shown."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The service and its units, before or after a step. `rows` has those that are gone too."""

    service: ServiceRow
    rows: tuple[UnitRow, ...]

    def of(self, kind: Kind) -> list[UnitRow]:
        """Return the units of a kind, in the order of their numbers."""
        return sorted((row for row in self.rows if row.kind is kind), key=lambda row: row.number)

    def with_rows(self, changed: Iterable[UnitRow]) -> "Fleet":
        """Return the fleet with these in place of those of their names, and new ones."""
        rows = {row.name: row for row in self.rows} | {row.name: row for row in changed}
        return replace(self, rows=tuple(rows.values()))

    def pruned(self) -> "Fleet":
        """Return the fleet without those that are gone longest."""
        gone = sorted((row for row in self.rows if row.gone is not None), key=lambda row: row.gone or 0.0)
        forgotten = {row.name for row in gone[:-REMEMBERED]}
        return replace(self, rows=tuple(row for row in self.rows if row.name not in forgotten))


def with_wanted(now: float, spec: ServiceSpec, fleet: Fleet) -> Fleet:
    """Return the fleet with what is missing as PENDING, and with what is too much on its way out."""
    if fleet.service.ending:
        return _ending(now, fleet)
    return _replicas(now, spec, _routers(now, spec, _balancers(now, spec, fleet)))


def _ending(now: float, fleet: Fleet) -> Fleet:
    """Balancers go first, with what they have under way; the replicas that answer it when they are gone."""
    first = (*fleet.of(Kind.BALANCER), *fleet.of(Kind.ROUTER))
    leaving = [row for row in first if row.gone is None] or [row for row in fleet.rows if row.gone is None]
    return fleet.with_rows(
        row.become(State.SHUTTING_DOWN, now)
        for row in leaving
        if row.state in LIVING or row.state is State.DRAINING
    )


def _balancers(now: float, spec: ServiceSpec, fleet: Fleet) -> Fleet:
    rows = fleet.of(Kind.BALANCER)
    for place, wanted in enumerate(spec.balancers):
        here = [row for row in rows if row.place == place and row.region == wanted.region]
        if all(row.gone is not None for row in here) and _may_try(now, here, fleet.service.version):
            number = fleet.service.next_balancer
            row = _new(now, fleet.service, Kind.BALANCER, number=number, place=place, region=wanted.region)
            row = replace(row, address=_inherited(spec, here))
            fleet = replace(fleet, service=replace(fleet.service, next_balancer=number + 1)).with_rows([row])
    version = fleet.service.version
    unwanted = [row for row in rows if row.state in LIVING and not _stands_right(spec, row, version)]
    return fleet.with_rows(row.become(State.SHUTTING_DOWN, now) for row in unwanted)


def _inherited(spec: ServiceSpec, before: Sequence[UnitRow]) -> str | None:
    """Return the address that clients know of a balancer's place, if it may be had again.

    On this machine any port may have been taken; where one could not be had, the next may take another.
    """
    if spec.provider is not ProviderName.LOCAL or not before or before[-1].ready_first is None:
        return None
    return before[-1].address


def _stands_right(spec: ServiceSpec, row: UnitRow, version: int) -> bool:
    """Tell whether a balancer is where the spec has one: in its region, and on a port that an update gave."""
    if row.place >= len(spec.balancers):
        return False
    wanted = spec.balancers[row.place]
    stays = row.version == version or not wanted.port or not row.address
    return row.region == wanted.region and (stays or str(row.address).endswith(f":{wanted.port}"))


def _routers(now: float, spec: ServiceSpec, fleet: Fleet) -> Fleet:
    """One of each baseline that was asked for, once there are replicas to put it before."""
    wanted = [ROUTERS.index(name) for name in fleet.service.routers.split(",") if name]
    rows = fleet.of(Kind.ROUTER)
    ready = sum(row.state is State.READY for row in fleet.of(Kind.REPLICA))
    for place in wanted:
        here = [row for row in rows if row.place == place]
        free = all(row.gone is not None for row in here)
        if free and ready >= fleet.service.desired and _may_try(now, here, fleet.service.version):
            number, region = fleet.service.next_router, spec.regions[0]
            row = _new(now, fleet.service, Kind.ROUTER, number=number, place=place, region=region)
            fleet = replace(fleet, service=replace(fleet.service, next_router=number + 1)).with_rows([row])
    unwanted = [row for row in rows if row.state in LIVING and row.place not in wanted]
    return fleet.with_rows(row.become(State.SHUTTING_DOWN, now) for row in unwanted)


def _replicas(now: float, spec: ServiceSpec, fleet: Fleet) -> Fleet:
    living = [row for row in fleet.of(Kind.REPLICA) if row.state in LIVING]
    version, desired = fleet.service.version, fleet.service.desired
    current = [row for row in living if row.version == version]
    old = [row for row in living if row.version != version]
    beside = old and fleet.service.mode == "rolling"
    room = desired + max(1, desired // 4) - _machines(fleet) if beside else desired
    for _ in range(min(desired - len(current), room)):
        grown = _one_more(now, spec, fleet, current)
        if grown is None:
            break
        fleet, row = grown
        current.append(row)
    if not old and len(current) == desired and _is_lopsided(spec, desired, current):
        grown = _one_more(now, spec, fleet, current)
        if grown is not None:
            fleet, row = grown
            current.append(row)
    return fleet.with_rows(_let_go(now, row) for row in _too_many(spec, fleet, current, old))


def _is_lopsided(spec: ServiceSpec, desired: int, current: Sequence[UnitRow]) -> bool:
    """Tell whether a place that lacks replicas has two fewer than another one, and all are ready.

    So it is when fewer were wanted while a place could have none: as many as there shall be are elsewhere.
    """
    have = Counter(row.place for row in current)
    fewest = min(
        (have[place] for place, lack in enumerate(_lacking(spec, desired, current)) if lack > 0), default=None
    )
    is_settled = all(row.state is State.READY for row in current)
    return is_settled and fewest is not None and max(have.values()) - fewest >= 2


def _one_more(
    now: float, spec: ServiceSpec, fleet: Fleet, current: Sequence[UnitRow]
) -> tuple[Fleet, UnitRow] | None:
    """Add a replica where fewest are; None when each place that lacks one has to wait."""
    lacking = _lacking(spec, fleet.service.desired, current)
    first, places = fleet.service.next_replica, len(spec.places)
    skipped = {place: (place - (first - 1)) % places for place in range(places)}
    have = Counter(row.place for row in current)
    for place in sorted(range(places), key=lambda place: (have[place], skipped[place])):
        before = [row for row in fleet.of(Kind.REPLICA) if row.place == place]
        if lacking[place] > 0 and _may_try(now, before, fleet.service.version):
            number = first + skipped[place]
            row = _new(
                now,
                fleet.service,
                Kind.REPLICA,
                number=number,
                place=place,
                region=spec.places[place].region,
            )
            service = replace(fleet.service, next_replica=number + 1)
            return replace(fleet, service=service).with_rows([row]), row
    return None


def _machines(fleet: Fleet) -> int:
    """Return how many replicas take up a machine now, those included that leave in good order."""
    taken = LIVING | {State.DRAINING, State.SHUTTING_DOWN}
    return sum(row.gone is None and row.state in taken for row in fleet.of(Kind.REPLICA))


def shares(spec: ServiceSpec, desired: int) -> list[int]:
    """Return how many of `desired` replicas each place shall have."""
    places = len(spec.places)
    return [desired // places + (place < desired % places) for place in range(places)]


def _lacking(spec: ServiceSpec, desired: int, rows: Sequence[UnitRow]) -> list[int]:
    """Return by how many replicas each place is below its share of `desired`."""
    have = Counter(row.place for row in rows)
    return [share - have[place] for place, share in enumerate(shares(spec, desired))]


def _too_many(
    spec: ServiceSpec, fleet: Fleet, current: Sequence[UnitRow], old: Sequence[UnitRow]
) -> list[UnitRow]:
    """Return those that are not wanted any more."""
    service = fleet.service
    ready = sum(row.state is State.READY for row in current)
    if old and service.mode == "blue_green":
        return list(old) if ready >= service.desired else []
    if old:
        keep = max(0, service.desired - ready)
        return sorted(old, key=_worth)[: max(0, len(old) - keep)]
    leaving: list[UnitRow] = []
    rest = list(current)
    while len(rest) > service.desired:
        lacking = _lacking(spec, service.desired, rest)
        fattest = min(rest, key=lambda row: (lacking[row.place], _worth(row)))
        if fattest.state is State.READY and sum(row.state is State.READY for row in rest) <= service.desired:
            break  # one that is to replace it elsewhere is not ready yet
        rest.remove(fattest)
        leaving.append(fattest)
    return leaving


def _worth(row: UnitRow) -> tuple[bool, int]:
    """Sort what is worth least first: what is not ready, then the youngest, whose cache is emptiest."""
    return row.state is State.READY, -row.number


def _let_go(now: float, row: UnitRow) -> UnitRow:
    """Let a replica end what it has, if it can have anything."""
    has_served = row.state in (State.READY, State.NOT_READY)
    return row.become(State.DRAINING if has_served else State.SHUTTING_DOWN, now)


def _may_try(now: float, before: Sequence[UnitRow], version: int) -> bool:
    """Tell whether a place is to be tried (again), after what has become of the ones before."""
    failures = 0
    for row in reversed(before):
        if row.version != version or row.state not in BROKEN or row.ready_first is not None:
            break
        if row.permanent:
            return False
        failures += 1
    if not failures:
        return True
    return now - before[-1].since >= min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - 1, 30))


def _new(now: float, service: ServiceRow, kind: Kind, *, number: int, place: int, region: str) -> UnitRow:
    return UnitRow(
        name=f"{service.name}-{kind.value}{number}",
        service=service.name,
        kind=kind,
        number=number,
        version=service.version,
        region=region,
        place=place,
        state=State.PENDING,
        since=now,
        launched=now,
    )
