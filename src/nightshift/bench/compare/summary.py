"""From what the systems left in the result folder to `summary.json`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from nightshift.balancing.presets import Preset
from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.files import write_json
from nightshift.bench.compare.run_file import what
from nightshift.bench.measures import Window, measure, measure_by_region
from nightshift.bench.records import RequestRecord, read_records


def write_summary(experiment: Experiment, done: Sequence[Preset]) -> dict[str, Any]:
    """Write `summary.json` of the systems that were measured, and return it."""
    summary = {**what(experiment), "systems": [_row(experiment, system) for system in done]}
    write_json(experiment.folder / "summary.json", summary)
    return summary


def _row(experiment: Experiment, system: Preset) -> dict[str, Any]:
    folder = experiment.repetition_folder(system, 1)
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
