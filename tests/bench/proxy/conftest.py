"""Measurements of a run that never was."""

from collections.abc import Callable

import pytest

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.measure import Measurement
from nightshift.bench.proxy.pairs import summarise

MakeMeasurement = Callable[..., Measurement]
MakeSummary = Callable[..., dict[str, object]]

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


@pytest.fixture
def make_summary(make_measurement: MakeMeasurement) -> MakeSummary:
    """Summarise three repetitions of all contestants in one cell."""

    def make(cell: Cell, **changes: object) -> dict[str, object]:
        measurements = [
            make_measurement(id_, repetition, cell.name, **changes)
            for id_ in CPU_US
            for repetition in range(3)
        ]
        circumstances: dict[str, object] = {
            "date": "2026-11-23T12:00:00+00:00",
            "machine": {
                "processor": "a test",
                "cores": 2,
                "memory_gib": 24.0,
                "system": "Linux",
                "python": "3.11",
            },
            "versions": {"nightshift": "0.1.0", "nginx": "1.22.1"},
            "skipped": {"smg": "not installed; to take part: install it\nand more"},
            "repetitions": 3,
            "seconds": 0.5,
            "seed": 0,
            "elapsed_s": 12.0,
            "load_average": {"first": 0.5, "highest": 1.5},
            "not_measured": ["TLS"],
        }
        return circumstances | summarise([cell], measurements, list(CPU_US))

    return make
