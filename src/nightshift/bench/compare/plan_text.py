"""What would be run, in words (`--dry-run`)."""

import os

from nightshift.bench.compare.experiment import Experiment, Time
from nightshift.bench.compare.progress import duration_text
from nightshift.bench.compare.runs import runs_of, unfinished

_FLEET_S = 4.0
"""Real seconds to start and end a fleet and its clients: what it takes on two cores that do nothing else."""
_VIRTUAL_S_PER_USER_S = 2e-5
"""CPU seconds for each second of each user in virtual time, and `_VIRTUAL_START_S` for each run; measured
with arena_syn."""
_VIRTUAL_START_S = 1.0


def plan_lines(experiment: Experiment) -> list[str]:
    """Return the plan, line by line."""
    left = unfinished(experiment)
    regions = ", ".join(
        f"{region.name} ({region.replicas} replicas, {region.users} users)" for region in experiment.regions
    )
    lines = [
        f"experiment  {experiment.name}, in {experiment.folder}",
        f"workload    {experiment.workload} "
        + " ".join(f"{key}={value}" for key, value in experiment.workload_arguments.items()),
        f"regions     {regions}",
        f"engine      {experiment.engine_text}",
        f"time        {_time_text(experiment)}",
    ]
    for repetition in range(1, experiment.repetitions + 1):
        order = ", ".join(system.title for system in experiment.order_of(repetition))
        lines.append(f"repetition {repetition}, seed {experiment.seed_of(repetition)}: {order}")
    for suffix, target in experiment.targets.items():
        places = ", ".join(f"{region} at {address}" for region, address in target.endpoints.items())
        lines.append(f"{suffix} is {target.service or 'given'}: {places}")
    done = len(runs_of(experiment)) - len(left)
    kept = f", {done} finished runs are kept" if done else ""
    return [*lines, f"{len(left)} runs to make{kept}: about {duration_text(estimate_s(experiment))}"]


def estimate_s(experiment: Experiment) -> float:
    """Return how many real seconds the runs that are still to make will take, roughly."""
    count = len(unfinished(experiment))
    if experiment.time is Time.LIVE:
        return count * (experiment.runs_s + (0.0 if experiment.targets else _FLEET_S))
    users = sum(region.users for region in experiment.regions)
    each_s = _VIRTUAL_START_S + _VIRTUAL_S_PER_USER_S * users * experiment.duration_s
    return each_s * count / min(max(1, count), len(os.sched_getaffinity(0)))


def _time_text(experiment: Experiment) -> str:
    if experiment.time is Time.VIRTUAL:
        return f"virtual (simulated), {experiment.duration_s:g} s each"
    each = f"{experiment.duration_s:g} s each at speed {experiment.speed:g}"
    return f"live, {each}: {experiment.runs_s:.0f} s real"
