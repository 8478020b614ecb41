"""The same users on the engine model: one replica of a profile, in virtual time, nothing in between.

A balancer that sends everything on at once stands before the replica, without a network: it adds no time and
decides nothing, so what comes is the engine's.
"""

from nightshift.balancing.switches import Across, Switches, Topology, ToReplicas
from nightshift.bench.records import RequestRecord
from nightshift.bench.virtual.playing import records_until, start_users
from nightshift.bench.workloads import Workload
from nightshift.engine.profiles import DeviceProfile
from nightshift.simulate.fleet import build_fleet
from nightshift.simulate.requests import Served

_BLIND = Switches(
    topology=Topology.GLOBAL,
    across=Across.NONE,
    to_replicas=ToReplicas.BLIND,
    replica_policy="round_robin",
)


def modelled(
    workload: Workload, region: str, profile: DeviceProfile, *, ramp_s: float
) -> list[RequestRecord]:
    """Play the workload's users of `region` on the model to the end of its duration.

    Users begin within `ramp_s` as those of the live client do: with the same draws.
    """
    fleet = build_fleet(
        regions={region: 1}, switches=_BLIND, profile=profile, one_way_s={}, seed=0, logs_steps=True
    )
    served: list[Served] = []
    start_users(fleet, workload, region, served, ramp_s=ramp_s)
    fleet.schedule.run(workload.duration_s)
    return list(records_until(fleet, served, workload.duration_s))
