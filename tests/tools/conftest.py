"""A balancer before one emulated engine, for each tool."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.soak.processes import Process, start_balancer, start_engine


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """A balancer, and the engine behind it."""
    engine = start_engine(tmp_path, "engine", speed=20)
    try:
        settings = {"name": "lb", "region": "r", "replicas": [{"id": "r0", "address": engine.address}]}
        balancer = start_balancer(tmp_path, settings)
        try:
            yield balancer, engine
        finally:
            balancer.end()
    finally:
        engine.end()
