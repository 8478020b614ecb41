"""Loads what figures show from result folders.

A box is over the same requests as the percentiles of `bench.measures`, so both agree: TTFT of those that
started after the warm-up, did not fail and had a first token; E2E of those that finished. The others have
no latency, so they are counted here and named in the captions: a system must not look quick because its
slow requests are missing. Requests of all repetitions are in a box together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from nightshift.bench.figures.data import Floats, RunData, SystemData
from nightshift.bench.figures.palette import Look, looks
from nightshift.bench.records import RequestRecord
from nightshift.bench.results import ResultFolder, SystemResult


def load_run(folder: ResultFolder) -> RunData:
    """Read what the figures need from a result folder."""
    return load_runs([folder])[0]


def load_runs(folders: Sequence[ResultFolder]) -> list[RunData]:
    """Read several; a system looks the same in all of them."""
    known = looks((system.id, system.suffix) for folder in folders for system in folder.systems)
    return [_load(folder, known) for folder in folders]


def _load(folder: ResultFolder, known: Mapping[str, Look]) -> RunData:
    return RunData(
        folder.run,
        tuple(_load_system(folder, system, known[system.suffix]) for system in folder.systems),
    )


def _load_system(folder: ResultFolder, system: SystemResult, look: Look) -> SystemData:
    warmup_s = float(folder.run.get("warmup_s") or 0.0)
    counted = [record for record in folder.records(system) if record.start >= warmup_s]
    ttft: dict[str, list[float]] = defaultdict(list)
    e2e: dict[str, list[float]] = defaultdict(list)
    for record in counted:
        if record.failed is None and record.ttft is not None:
            ttft[record.region].append(record.ttft)
        if record.finished and record.e2e_latency is not None:
            e2e[record.region].append(record.e2e_latency)
    return SystemData(
        system,
        look,
        _arrays(ttft),
        _arrays(e2e),
        without_ttft=len(counted) - sum(map(len, ttft.values())),
        without_e2e=len(counted) - sum(map(len, e2e.values())),
        samples=folder.samples(system),
        read_records=partial(_first_records, folder, system),
    )


def _first_records(folder: ResultFolder, system: SystemResult) -> list[RequestRecord]:
    numbers = folder.repetitions(system)
    return folder.records(system, numbers[0]) if numbers else []


def _arrays(values: dict[str, list[float]]) -> dict[str, Floats]:
    return {region: np.asarray(numbers, dtype=np.float64) for region, numbers in values.items()}
