"""What a reader is told of each system. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nightshift.balancing.presets import PRESETS, SETS, Preset, systems_in
from nightshift.balancing.switches import Across, Switches, Topology, ToReplicas

_ACROSS = {
    Across.NONE: "never",
    Across.STEAL_AVERAGE: "steals to the mean",
    Across.STEAL_SMALL: "steals three a replica",
    Across.PUSH: "pushes",
    Across.SELECTIVE_PUSH: "selective push",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One system in words."""

    id: int | None
    suffix: str
    legend: str
    sets: tuple[str, ...]
    """The sets that it is in, with its place there: `paper:4`."""
    balancers: str
    """Where they stand."""
    across: str
    """How requests cross between regions."""
    to_replicas: str
    """When a replica gets one."""
    replica_policy: str
    peer_policy: str
    note: str

    @property
    def number(self) -> str:
        """The number, where there is one."""
        return "" if self.id is None else str(self.id)


def rows(set_: str | None = None) -> tuple[Row, ...]:
    """Return all systems, or those of a set in its order. Raises `UserError` naming the known sets."""
    return tuple(_row(one) for one in systems_of(set_))


def systems_of(set_: str | None) -> Sequence[Preset]:
    """Return all systems, or those of a set in its order. Raises `UserError` naming the known sets."""
    return PRESETS if set_ is None else systems_in(set_)


def as_json(system: Preset) -> dict[str, Any]:
    """Return a system for programs: the row, all switches, and those that stand in for a foreign program."""
    return {
        **asdict(_row(system)),
        "switches": system.switches and asdict(system.switches),
        "external": system.external,
        "stands_in": system.stands_in and asdict(system.stands_in),
    }


def _row(system: Preset) -> Row:
    places = tuple(
        f"{name}:{members.index(system.suffix)}" for name, members in SETS.items() if system.suffix in members
    )
    names = (system.id, system.suffix, system.legend, places)
    if system.switches is None:
        here = "the program's own, in the first region"
        return Row(*names, here, "never", "at once", "its own", "-", system.note)
    switches = system.switches
    alone = switches.across is Across.NONE
    return Row(
        *names,
        "one, in the first region" if switches.topology is Topology.GLOBAL else "one in each region",
        _ACROSS[switches.across],
        _to_replicas(switches),
        _replica_policy(switches),
        "-" if alone else switches.peer_policy,
        system.note,
    )


def _to_replicas(switches: Switches) -> str:
    if switches.to_replicas is ToReplicas.BY_OUTSTANDING:
        return f"below {switches.max_outstanding} outstanding"
    return "at once" if switches.to_replicas is ToReplicas.BLIND else "while none is pending"


def _replica_policy(switches: Switches) -> str:
    plain = switches.least_load_in_prefix or switches.replica_policy != "prefix_tree"
    return switches.replica_policy if plain else f"{switches.replica_policy}, any match"
