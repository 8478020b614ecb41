"""From what the systems left in the result folder to `run.json` and `summary.json`."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson

from nightshift import __version__
from nightshift.balancing.presets import Preset
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.machine import describe_machine
from nightshift.bench.measures import Window, measure, measure_by_region
from nightshift.bench.records import RequestRecord, read_records
from nightshift.control.local.plan import Engine
from nightshift.wan.matrix import load_matrix

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def write_run(experiment: Experiment, command: Sequence[str]) -> None:
    """Write what is going to be run, so that a folder explains itself even if the run breaks off."""
    run = {
        **_what(experiment),
        "emulated": experiment.engine is Engine.EMULATED,
        "speed": experiment.speed,
        "duration_s": experiment.duration_s,
        "warmup_s": experiment.warmup_s,
        "regions": {
            region.name: {"replicas": region.replicas, "users": region.users} for region in experiment.regions
        },
        "wan_rtt_ms": _round_trips(experiment),
        "wan_jitter_ms": experiment.wan.jitter_ms,
        "workload_args": dict(experiment.workload_arguments),
        "systems": [system.id for system in experiment.systems],
        "notes": [f"System {s.id} ({s.legend}): {s.note}." for s in experiment.systems if s.note],
        "command": " ".join(command),
    }
    experiment.folder.mkdir(parents=True, exist_ok=True)
    (experiment.folder / "run.json").write_bytes(orjson.dumps(run, option=_PRETTY))


def write_summary(experiment: Experiment, done: Sequence[Preset]) -> dict[str, Any]:
    """Write `summary.json` of the systems that were measured, and return it."""
    summary = {**_what(experiment), "systems": [_row(experiment, system) for system in done]}
    (experiment.folder / "summary.json").write_bytes(orjson.dumps(summary, option=_PRETTY))
    return summary


def _what(experiment: Experiment) -> dict[str, Any]:
    return {
        "experiment": experiment.name,
        "workload": experiment.workload,
        "seed": experiment.seed,
        "engine": experiment.engine_text,
        "machine": describe_machine(),
        "version": __version__,
    }


def _round_trips(experiment: Experiment) -> dict[str, float]:
    """Return the round trip of each pair of regions, in ms, as emulated: there and back."""
    matrix = load_matrix(experiment.wan.matrix)
    pairs = combinations([region.name for region in experiment.regions], 2)
    return {
        f"{a} - {b}": round((matrix.one_way_s(a, b) + matrix.one_way_s(b, a)) * 1000, 2) for a, b in pairs
    }


def _row(experiment: Experiment, system: Preset) -> dict[str, Any]:
    folder = experiment.system_folder(system)
    records = _records(folder)
    window = Window(experiment.warmup_s, experiment.duration_s)
    clients = [orjson.loads(path.read_bytes()) for path in sorted(folder.glob("client-*.json"))]
    return {
        "id": system.id,
        "suffix": system.suffix,
        "legend": system.legend,
        **measure(records, window).as_dict(),
        "client_cpu_share": max(client["cpu_share"] for client in clients),
        "client_lag_p99_s": max(client["lag_p99_s"] for client in clients),
        "client_late_s": max(client["late_s"] for client in clients),
        "wan": _wan_account(folder),
        "regions": {name: figures.as_dict() for name, figures in measure_by_region(records, window).items()},
    }


def _records(folder: Path) -> list[RequestRecord]:
    return [record for path in sorted(folder.glob("records-*.jsonl")) for record in read_records(path)]


def _wan_account(folder: Path) -> Mapping[str, Any] | None:
    """What the relay measured of itself; None where there was none. Lateness is that of the worst link."""
    path = folder / "wan.json"
    if not path.is_file():
        return None
    relay = orjson.loads(path.read_bytes())
    lanes = [link[way]["late_ms"] for link in relay["links"] for way in ("forward", "back")]
    return {
        "chunks": relay["chunks"],
        "cpu_us_per_chunk": relay["cpu_us_per_chunk"],
        "late_p50_ms": max(lane["p50"] for lane in lanes),
        "late_p99_ms": max(lane["p99"] for lane in lanes),
    }
