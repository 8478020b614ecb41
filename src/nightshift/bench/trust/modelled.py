"""The same users on the engine model: one replica of a profile, in virtual time, nothing in between.

A balancer that sends everything on at once stands before the replica, without a network: it adds no time and
decides nothing, so what comes is the engine's.
"""

from random import Random

from nightshift.balancing.switches import Across, Switches, Topology, ToReplicas
from nightshift.bench.records import RequestRecord
from nightshift.bench.workloads import Workload
from nightshift.engine.profiles import DeviceProfile
from nightshift.simulate.fleet import build_fleet
from nightshift.simulate.requests import Served
from nightshift.simulate.users import SimUser

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
    fleet = build_fleet(regions={region: 1}, switches=_BLIND, profile=profile, one_way_s={}, seed=0)
    served: list[Served] = []
    rng = Random(f"{workload.seed}/{region}/ramp")
    for number, programs in enumerate(workload.users(region)):
        user = SimUser(
            number=number,
            region=region,
            entry=fleet.entries[region],
            network=fleet.network,
            programs=programs,
            served=served,
        )
        fleet.schedule.at(rng.uniform(0, ramp_s), user.start)
    fleet.schedule.run(workload.duration_s)
    turns: dict[str, int] = {}
    return [_record(one, turns, workload.duration_s) for one in served]


def _record(served: Served, turns: dict[str, int], end_s: float) -> RequestRecord:
    """Return the record of a request; `turns` counts those of each program, which a chat asks in order."""
    turn = turns.get(served.program_id, 0)
    turns[served.program_id] = turn + 1
    return RequestRecord(
        uid=served.id,
        region=served.region,
        user=served.user,
        turn=turn,
        program_id=served.program_id,
        hash_key="",
        start=served.sent,
        end=end_s if served.end is None else served.end,
        prompt_bytes=0,
        streaming_start=served.first,
        ttft=served.ttft_s,
        e2e_latency=served.e2e_s,
        failed=served.failed,
        unfinished=served.end is None and served.failed is None,
        input_tokens=served.input_tokens,
        output_tokens=served.output_tokens,
        cached_tokens=served.cached_tokens,
        replica=served.replica,
    )
