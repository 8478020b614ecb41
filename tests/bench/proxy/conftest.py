"""Measurements of a run that never was."""

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import orjson
import pytest

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.choosing import Choosing, KeyMade
from nightshift.bench.proxy.contestants import CONTESTANTS, ours_by
from nightshift.bench.proxy.cores import Run, throughput
from nightshift.bench.proxy.goals import goals, not_measured
from nightshift.bench.proxy.measure import Measurement
from nightshift.bench.proxy.memory import Filled, Sample
from nightshift.bench.proxy.memory import as_row as memory_row
from nightshift.bench.proxy.open_streams import Held
from nightshift.bench.proxy.pairs import summarise

MakeMeasurement = Callable[..., Measurement]
MakeSummary = Callable[..., dict[str, Any]]

CPU_US = {"direct": 0.0, "nightshift": 60.0, "sglang-router": 150.0, "nginx": 25.0}
P99_MS = {"direct": 1.0, "nightshift": 5.0, "sglang-router": 9.0, "nginx": 2.0}


@pytest.fixture
def make_measurement() -> MakeMeasurement:
    def make(
        contestant: str, repetition: int = 0, cell: str = "small-hot-200", **changes: object
    ) -> Measurement:
        fields = {
            "requests": 1000,
            "units": 1000,
            "elapsed_s": 0.5,
            "cpu_us_per_unit": CPU_US[contestant],
            "latency_p50_ms": P99_MS[contestant] / 2,
            "latency_p99_ms": P99_MS[contestant],
            "rss_bytes": 50_000_000,
            "rss_growth_bytes": 1_000_000,
        }
        return Measurement(cell, contestant, repetition, **(fields | changes))  # type: ignore[arg-type] # by name

    return make


CIRCUMSTANCES: dict[str, Any] = {
    "date": "2026-11-23T12:00:00+00:00",
    "version": "0.1.0",
    "machine": {"processor": "a test", "cores": 2, "memory_gib": 24.0, "system": "Linux", "python": "3.11"},
    "load_before": 0.5,
    "elapsed_s": 12.0,
}


def as_summary(parts: dict[str, Any]) -> dict[str, Any]:
    """Return these parts as a summary that was read from a file."""
    plain = {name: CIRCUMSTANCES | part for name, part in parts.items()}
    summary: dict[str, Any] = orjson.loads(orjson.dumps({"experiment": "proxy", "parts": plain}))
    summary["goals"] = [{**asdict(goal), "verdict": goal.verdict} for goal in goals(summary)]
    summary["not_measured"] = not_measured(summary)
    return summary


@pytest.fixture
def make_summary(make_measurement: MakeMeasurement) -> MakeSummary:
    """Summarise three repetitions of all contestants in one cell."""

    def make(cell: Cell, **changes: object) -> dict[str, Any]:
        measurements = [
            make_measurement(id_, repetition, cell.name, **changes)
            for id_ in CPU_US
            for repetition in range(3)
        ]
        part = {
            "versions": {"nightshift": "0.1.0", "nginx": "1.22.1"},
            "skipped": {"smg": "not installed; to take part: install it\nand more"},
            "repetitions": 3,
            "seconds": 0.5,
            "seed": 0,
            "load_average": {"first": 0.5, "highest": 1.5},
            "cells": summarise([cell], measurements, list(CPU_US)),
        }
        return as_summary({"cells": part})

    return make


@pytest.fixture
def make_parts() -> Callable[[], dict[str, Any]]:
    """Summarise parts that are no cells; all goals are met, but for those that the other routers lack."""

    def make() -> dict[str, Any]:
        def filled(id_: str, growth: int, bound: int | None) -> dict[str, Any]:
            grown = [min(growth * n * 50_000, bound or 10**12) for n in range(21)]
            samples = tuple(Sample(n * 50_000, 10**8 + bytes_) for n, bytes_ in enumerate(grown))
            return memory_row(Filled(id_, samples, bound))

        held = Held("nightshift", 9_000, 9_000, 9_000, 12_000.0, 2 * 10**8, 25.0, 0.2, 0.9, ())
        choosing = [
            asdict(Choosing("prefix_tree", "hot", replicas, size, 10.0 * math.log10(10 * replicas)))
            for replicas in (1, 100, 1_000)
            for size in (100, 1_000)
        ]
        runs = [Run(10_000.0, 90.0, 120.0, 1.0, 0)]
        two = [Run(15_000.0, 92.0, 121.0, 0.6, 0)]
        ours, own = CONTESTANTS[1], ours_by(2, "own")
        rows = [filled("nightshift", 100, None), filled("sglang-router", 1_000, None)]
        return as_summary(
            {
                "memory": {
                    "prompts": 10**6,
                    "rows": [*rows, filled("nightshift-small", 100, 32 * 2**20)],
                },
                "open-streams": {
                    "asked_streams": 10_000,
                    "streams": 9_000,
                    "gap_ms": 1_000,
                    "chunks": 30,
                    "rows": [{**asdict(held), "lost": held.lost}],
                },
                "choosing": {
                    "rows": choosing,
                    "keys": [asdict(KeyMade(size, 2.0)) for size in (100, 1_000)],
                },
                "processes": {
                    "cores": 2,
                    "connections": 200,
                    "repetitions": 1,
                    "rows": [
                        asdict(throughput(one, own_runs, runs, 2))
                        for one, own_runs in ((ours, runs), (own, two))
                    ],
                },
            }
        )

    return make
