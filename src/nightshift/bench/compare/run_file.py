"""`run.json`: what was asked for, written before anything runs, so that a folder explains itself even if
the run breaks off.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from nightshift import __version__
from nightshift.balancing.presets import Preset
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.files import write_json
from nightshift.bench.compare.machine import describe_machine
from nightshift.control.local.plan import Engine
from nightshift.wan.matrix import load_matrix


def write_run(experiment: Experiment, command: Sequence[str]) -> None:
    """Make the folder of the experiment and write its `run.json`. Raises `OSError`."""
    repetitions = range(1, experiment.repetitions + 1)
    run = {
        **what(experiment),
        "order": [[_short(system) for system in experiment.order_of(k)] for k in repetitions],
        "seeds": [experiment.seed_of(k) for k in repetitions],
        "emulated": experiment.engine is Engine.EMULATED,
        "speed": experiment.speed,
        "duration_s": experiment.duration_s,
        "warmup_s": experiment.warmup_s,
        "slo": experiment.slo.text,
        "regions": {
            region.name: {"replicas": region.replicas, "users": region.users} for region in experiment.regions
        },
        "wan_rtt_ms": _round_trips(experiment),
        "wan_jitter_ms": experiment.wan.jitter_ms,
        "workload_args": dict(experiment.workload_arguments),
        "region_args": {name: dict(own) for name, own in experiment.region_arguments.items()},
        "systems": [system.id for system in experiment.systems],
        "suffixes": [system.suffix for system in experiment.systems],
        "notes": [f"System {s.title}: {s.note}." for s in experiment.systems if s.note],
        "command": " ".join(command),
    }
    experiment.folder.mkdir(parents=True, exist_ok=True)
    write_json(experiment.folder / "run.json", run)


def what(experiment: Experiment) -> dict[str, Any]:
    """What both `run.json` and `summary.json` begin with."""
    return {
        "experiment": experiment.name,
        "workload": experiment.workload,
        "seed": experiment.seed,
        "engine": experiment.engine_text,
        "machine": describe_machine(),
        "version": __version__,
        "time": experiment.time.value,
        "data": _data(experiment),
        "repetitions": experiment.repetitions,
    }


def _short(system: Preset) -> int | str:
    """The number of a system, or the suffix of one that has none."""
    return system.suffix if system.id is None else system.id


def _data(experiment: Experiment) -> str:
    """Which data the users' questions come from; regions may differ."""
    asking = (region for region in experiment.regions if region.users)
    return "; ".join(dict.fromkeys(experiment.workload_of(region).data for region in asking))


def _round_trips(experiment: Experiment) -> dict[str, float]:
    """Return the round trip of each pair of regions, in ms, as emulated: there and back."""
    matrix = load_matrix(experiment.wan.matrix)
    pairs = combinations([region.name for region in experiment.regions], 2)
    return {
        f"{a} - {b}": round((matrix.one_way_s(a, b) + matrix.one_way_s(b, a)) * 1000, 2) for a, b in pairs
    }
