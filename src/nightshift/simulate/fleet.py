"""A whole service in virtual time: regions, replicas, balancers and the reports between them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import permutations
from random import Random

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.switches import Across, Switches, Topology
from nightshift.engine.profiles import DeviceProfile
from nightshift.simulate.balancer import SimBalancer
from nightshift.simulate.network import Network
from nightshift.simulate.probing import Prober, probe_peer, probe_replica
from nightshift.simulate.replica import SimReplica
from nightshift.simulate.schedule import Schedule


@dataclass(frozen=True, slots=True)
class SimFleet:
    """What was built. `entries` has the balancer that each region's clients speak to."""

    schedule: Schedule
    network: Network
    replicas: list[SimReplica]
    balancers: list[SimBalancer]
    entries: Mapping[str, SimBalancer]


def build_fleet(
    *,
    regions: Mapping[str, int],
    switches: Switches,
    profile: DeviceProfile,
    one_way_s: Mapping[tuple[str, str], float],
    seed: int,
    logs_steps: bool = False,
) -> SimFleet:
    """Build a fleet of `regions` (name: number of replicas) with nothing running in it.

    With `logs_steps` replicas can say afterwards when each token came, and take memory for it.
    No report is ever stale here: where none comes, the last one still holds (`probing.py`).
    """
    switches = replace(switches, stale_s=math.inf)
    schedule = Schedule()
    network = Network(schedule, one_way_s)
    replicas = [
        SimReplica(f"{region}-{number}", region, profile, schedule, logs_steps=logs_steps)
        for region, count in regions.items()
        for number in range(1, count + 1)
    ]
    homes = list(regions) if switches.topology is Topology.REGIONAL else list(regions)[:1]
    balancers = {
        home: SimBalancer(
            home,
            Balancer(name=f"{home}-balancer", switches=switches, rng=Random(f"{seed}/{home}")),
            network,
        )
        for home in homes
    }
    for home, balancer in balancers.items():
        own = replicas if len(homes) == 1 else [r for r in replicas if r.region == home]
        balancer.connect(own, [peer for other, peer in balancers.items() if other != home])
    _start_probes(list(balancers.values()), network, Random(seed))
    entries = {region: balancers.get(region, balancers[homes[0]]) for region in regions}
    return SimFleet(schedule, network, replicas, list(balancers.values()), entries)


def _start_probes(balancers: list[SimBalancer], network: Network, rng: Random) -> None:
    """Have every balancer probe its targets, each on a grid of times of its own."""
    probers: list[Prober] = []
    for balancer in balancers:
        interval_s = balancer.core.switches.probe_interval_s
        probers += [
            probe_replica(balancer, replica, network, rng.uniform(0, interval_s))
            for replica in balancer.replicas.values()
        ]
    for balancer, peer in permutations(balancers, 2):
        if balancer.core.switches.across is not Across.NONE:
            phase_s = rng.uniform(0, balancer.core.switches.probe_interval_s)
            prober = probe_peer(balancer, peer, network, phase_s)
            peer.on_changed.append(prober.news)
            probers.append(prober)
    for prober in probers:
        prober.news()
