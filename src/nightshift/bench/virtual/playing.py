"""Users of a workload on a fleet in virtual time, and what they left. Pure."""

from collections.abc import Iterator, Sequence
from random import Random

from nightshift.bench.records import RequestRecord
from nightshift.bench.virtual.pieces import Pieces, ReplicaPieces
from nightshift.bench.virtual.records import records_of
from nightshift.bench.workloads import Workload
from nightshift.simulate.fleet import SimFleet
from nightshift.simulate.requests import Served
from nightshift.simulate.users import Pauses, SimUser


def start_users(
    fleet: SimFleet,
    workload: Workload,
    region: str,
    served: list[Served],
    *,
    ramp_s: float,
    model: str = "emulated",
    seed: int = 0,
) -> None:
    """Have the workload's users of `region` begin within `ramp_s`, with the draws of the live client.

    `served` gains an entry for each request; `seed` is that of the engines' answers.
    """
    ramp = Random(f"{workload.seed}/{region}/ramp")
    for number, programs in enumerate(workload.users(region)):
        SimUser(
            number=number,
            region=region,
            entry=fleet.entries[region],
            network=fleet.network,
            programs=programs,
            served=served,
            pauses=_from(ramp.uniform(0, ramp_s)),
            model=model,
            seed=seed,
        ).start()


def records_until(fleet: SimFleet, served: Sequence[Served], end_s: float) -> Iterator[RequestRecord]:
    """Yield the records of all regions, when the fleet's schedule has been run until `end_s`.

    Its replicas must have logged their steps.
    """
    pieces = {
        replica.id: ReplicaPieces(replica.token_times(), replica.generated()) for replica in fleet.replicas
    }

    def of(one: Served) -> Pieces:
        return pieces[one.replica].of(one, end_s) if one.first is not None else Pieces()

    return records_of(served, of, end_s)


def _from(begin_at_s: float) -> Pauses:
    """A user who begins the first program at that moment and never pauses again."""
    return Pauses(before_program_s=lambda now: max(0.0, begin_at_s - now), before_call_s=lambda now: 0.0)
