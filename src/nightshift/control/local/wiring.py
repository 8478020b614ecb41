"""Who speaks to whom in a fleet, and through which WAN link. Pure: names, no sockets.

Everything that listens has a name: each replica, each balancer (or the router), each link. A route says
who is reached and `via` which name one has to knock: the target's own within a region, a link's between
regions. With those names bound to addresses, every configuration of the fleet follows.

    regional   clients -> their balancer; balancer -> its replicas; balancer -> link -> each other balancer
    one entry  clients -> (link ->) the one balancer; balancer -> (link ->) every replica

Only an ordered pair of regions that anything crosses gets a link, one for each target behind it.
"""

from dataclasses import dataclass, field

from nightshift.balancing.switches import Switches
from nightshift.control.local.plan import FleetPlan, RegionPlan

WAN = "wan"
"""The name that the relay's control interface listens under."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One engine."""

    id: str
    region: str


@dataclass(frozen=True, slots=True)
class Route:
    """A way from a balancer to a target."""

    id: str
    region: str
    via: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A balancer, or the external router."""

    name: str
    region: str
    replicas: tuple[Route, ...]
    peers: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A one-way street for connections: whoever connects at `name` reaches `target` from far."""

    name: str
    source: str
    destination: str
    target: str


@dataclass(frozen=True, slots=True)
class Wiring:
    """The whole fleet."""

    replicas: tuple[Replica, ...]
    entries: tuple[Entry, ...]
    links: tuple[Link, ...]
    endpoints: dict[str, str] = field(default_factory=dict)
    """Region of the client -> the name where it knocks."""

    def public(self) -> dict[str, str]:
        """Return the names that bear a region's public port, with that region."""
        return {name: region for region, name in reversed(self.endpoints.items())}


def wire(plan: FleetPlan) -> Wiring:
    """Return who speaks to whom in a fleet of this plan."""
    replicas = tuple(Replica(f"{r.name}-{i + 1}", r.name) for r in plan.regions for i in range(r.replicas))
    roads = _Roads(bool(plan.wan))
    entries = _one_entry(plan, replicas, roads) if plan.has_one_entry else _regional(plan, replicas, roads)
    homes = {entry.region: entry for entry in entries}
    first = entries[0]
    endpoints = {
        region.name: roads.via(region.name, homes.get(region.name, first)) for region in plan.regions
    }
    return Wiring(replicas, entries, tuple(roads.links), endpoints)


def _one_entry(plan: FleetPlan, replicas: tuple[Replica, ...], roads: "_Roads") -> tuple[Entry, ...]:
    home = plan.regions[0].name
    name = _balancer(plan.regions[0]) if isinstance(plan.routing, Switches) else "router"
    routes = tuple(Route(r.id, r.region, roads.via(home, r)) for r in replicas)
    return (Entry(name, home, routes, ()),)


def _regional(plan: FleetPlan, replicas: tuple[Replica, ...], roads: "_Roads") -> tuple[Entry, ...]:
    alone = {region.name: Entry(_balancer(region), region.name, (), ()) for region in plan.regions}
    return tuple(
        Entry(
            entry.name,
            home,
            tuple(Route(r.id, r.region, r.id) for r in replicas if r.region == home),
            tuple(Route(p.name, p.region, roads.via(home, p)) for p in alone.values() if p.region != home),
        )
        for home, entry in alone.items()
    )


def _balancer(region: RegionPlan) -> str:
    return f"{region.name}-balancer"


class _Roads:
    """Collects the links that are needed as routes ask for them."""

    def __init__(self, is_wan: bool) -> None:
        self._is_wan = is_wan
        self.links: list[Link] = []

    def via(self, source: str, target: Replica | Entry) -> str:
        """Return the name at which `target` is reached from `source`; adds the link that it takes."""
        name = target.id if isinstance(target, Replica) else target.name
        if source == target.region or not self._is_wan:
            return name
        link = Link(f"{source}:{name}", source, target.region, name)
        self.links.append(link)
        return link.name
