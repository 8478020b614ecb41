"""One system in one repetition, in virtual time, from the experiment to the files of its folder."""

from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any

import orjson

from nightshift.backends.emulated.options import profile_named
from nightshift.balancing.presets import Preset
from nightshift.balancing.switches import Switches
from nightshift.bench.compare.experiment import Experiment, RegionLoad
from nightshift.bench.compare.files import write_json, write_whole
from nightshift.bench.records import RequestRecord
from nightshift.bench.virtual.playing import records_until, start_users
from nightshift.bench.virtual.samples import Samples
from nightshift.engine.profiles import DeviceProfile
from nightshift.errors import UserError
from nightshift.simulate.fleet import SimFleet, build_fleet
from nightshift.simulate.requests import Served
from nightshift.wan.matrix import load_matrix

_STEPS = 50
"""How often progress is told."""


def switches_of(system: Preset) -> Switches:
    """Return the switches that carry the system out here. Raises `UserError` where there are none."""
    switches = system.switches or system.stands_in
    if switches is None:
        raise UserError(
            f"system {system.names} is a program of its own, and in virtual time nothing stands in for it; "
            "leave it out, or run without --time virtual"
        )
    return switches


def require_time(profile: DeviceProfile) -> None:
    """Raise `UserError` for an engine that answers in no time: its users would never let the clock go on."""
    if not profile.step_ns(prefill_tokens=1, kv_tokens=1, sequences=1):
        raise UserError(
            f"--profile {profile.name} takes no time, so virtual time would stand still; choose another"
        )


def simulate(
    experiment: Experiment, system: Preset, repetition: int, progress: Callable[[float], None]
) -> None:
    """Carry out a run and write its files. `progress` is called with the virtual seconds done.

    Raises `UserError`, and `OSError` where files cannot be written.
    """
    folder = experiment.repetition_folder(system, repetition)
    folder.mkdir(parents=True)
    fleet = _fleet(experiment, system, repetition)
    served: list[Served] = []
    asking = [region for region in experiment.regions if region.users]
    for region in asking:
        start_users(
            fleet,
            experiment.workload_of(region, repetition),
            region.name,
            served,
            ramp_s=experiment.ramp_s,
            model=experiment.model_name,
            seed=experiment.seed_of(repetition),
        )
    samples = Samples(fleet)
    samples.start(experiment.duration_s)
    for step in range(1, _STEPS + 1):
        fleet.schedule.run(experiment.duration_s * step / _STEPS)
        progress(fleet.schedule.now)
    clients = {region.name: _Client() for region in asking}
    for record in records_until(fleet, served, experiment.duration_s):
        clients[record.region].record(record)
    for region in asking:
        own = clients[region.name]
        write_whole(folder / f"records-{region.name}.jsonl", b"".join(own.lines))
        write_json(folder / f"client-{region.name}.json", _account(experiment, region, repetition, own))
    write_whole(folder / "samples.jsonl", b"".join(map(_line, samples.lines)))


class _Client:
    """What a region's users left, each record as the line that it is in the file."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.failed = 0
        self.unfinished = 0
        self.is_open_loop = False

    def record(self, record: RequestRecord) -> None:
        """Count it and keep its line."""
        self.lines.append(_line(record))
        self.failed += record.failed is not None
        self.unfinished += record.unfinished
        self.is_open_loop |= record.scheduled is not None


def _fleet(experiment: Experiment, system: Preset, repetition: int) -> SimFleet:
    matrix = load_matrix(experiment.wan.matrix)
    names = [region.name for region in experiment.regions]
    return build_fleet(
        regions={region.name: region.replicas for region in experiment.regions},
        switches=switches_of(system),
        profile=profile_named(experiment.profile),
        one_way_s={(a, b): matrix.one_way_s(a, b) for a, b in permutations(names, 2)},
        seed=experiment.seed_of(repetition),
        logs_steps=True,
    )


def _account(
    experiment: Experiment, region: RegionLoad, repetition: int, client: _Client
) -> Mapping[str, Any]:
    """What a live client says of itself. Nobody waits for a processor here, so there is nothing of that."""
    return {
        "region": region.name,
        "model": experiment.model_name,
        "requests": len(client.lines),
        "failed": client.failed,
        "unfinished": client.unfinished,
        "elapsed_s": experiment.duration_s,
        "interrupted": False,
        "cpu_share": None,
        "lag_p99_s": None,
        "late_s": None,
        "schedule_lag_p99_s": 0.0 if client.is_open_loop else None,
        "speed": 1.0,
        "data": experiment.workload_of(region, repetition).data,
        "warnings": [],
    }


def _line(value: RequestRecord | Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
