"""Two real balancers for the session: one before the emulated engine, one before a scripted one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tests.clients.replies import REPLIES
from tests.clients.scripted import ScriptedEngine
from tests.soak.checker import ledger_problems
from tests.soak.processes import Process, start_balancer, start_engine, state_of

PATIENCE_S = 10.0


def settings(name: str, engine: str, **more: Any) -> dict[str, Any]:
    """Return the settings of a balancer before one engine."""
    return {"name": name, "region": "r", "replicas": [{"id": f"{name}-0", "address": engine}], **more}


def until(address: str, awaited: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask a balancer for its state until it is as awaited."""
    deadline = monotonic() + PATIENCE_S
    while not awaited(state := state_of(address)):
        assert monotonic() < deadline, state
    return state


def until_serving(address: str) -> None:
    """Wait until the balancer has heard from its replica."""
    until(address, lambda state: all(replica["reachable"] for replica in state["replica"].values()))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


@pytest.fixture(scope="session")
def emulated(folder: Path) -> Iterator[str]:
    """The address of a balancer before an emulated engine."""
    engine = start_engine(folder, "engine")
    balancer: Process | None = None
    try:
        balancer = start_balancer(folder, settings("emulated", engine.address))
        until_serving(balancer.address)
        yield balancer.address
        state = until(balancer.address, lambda s: s["in_progress"] == s["outstanding"] == 0)
        assert ledger_problems(state) == []
    finally:
        for process in (balancer, engine):
            if process is not None:
                process.end()


@pytest.fixture(scope="session")
def scripted_pair(folder: Path) -> Iterator[tuple[str, ScriptedEngine]]:
    """The address of a balancer before a scripted engine, and that engine."""
    with ScriptedEngine(REPLIES) as engine:
        limits = {"body_bytes": 2**20}
        balancer = start_balancer(folder, settings("scripted", engine.address, limits=limits))
        try:
            until_serving(balancer.address)
            yield balancer.address, engine
            state = until(balancer.address, lambda s: s["in_progress"] == s["outstanding"] == 0)
            assert ledger_problems(state) == []
        finally:
            balancer.end()


@pytest.fixture
def engine(scripted_pair: tuple[str, ScriptedEngine]) -> ScriptedEngine:
    """The scripted engine, as new."""
    scripted_pair[1].forget()
    return scripted_pair[1]


@pytest.fixture
def scripted(scripted_pair: tuple[str, ScriptedEngine], engine: ScriptedEngine) -> str:
    """The address of the balancer before it."""
    return scripted_pair[0]
