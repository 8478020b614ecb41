"""Schemathesis against the admin API of a real balancer: what its OpenAPI page promises, it keeps.

`make test-api` runs this file. All checks, all phases, a bounded number of examples, one seed. What it tells
the balancer to do is done (drain, reload, other targets), on loopback only: see `schemathesis_hooks.py`.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.soak.checker import ledger_problems
from tests.soak.processes import TOKEN, Process, start_balancer, start_engine, state_of

HERE = Path(__file__).parent
SCHEMATHESIS = os.environ.get("API_SCHEMATHESIS", ".venv-api/bin/schemathesis")
EXAMPLES = os.environ.get("API_EXAMPLES", "50")
SEED = os.environ.get("API_SEED", "0")
REPLICA = "us-east-2-1"
"""The example in the document, so that there is one to drain."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Process]:
    one = start_engine(tmp_path, REPLICA)
    yield one
    one.end()


@pytest.fixture
def balancer(tmp_path: Path, engine: Process) -> Iterator[Process]:
    settings = {
        "name": "the-balancer-under-test",
        "region": "us-east-2",
        "admin": {"port": 0},
        "limits": {"connections": 100},
        "replicas": [{"id": REPLICA, "address": engine.address}],
    }
    one = start_balancer(tmp_path, settings)
    yield one
    one.end()


@pytest.mark.timeout(600)
def test_the_admin_api_keeps_what_its_document_promises(
    balancer: Process, engine: Process, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            *(Path(SCHEMATHESIS).absolute(), "--config-file", HERE / "schemathesis.toml"),
            *("run", f"http://{balancer.ready['admin']}/openapi.json"),
            *("--header", f"Authorization: Bearer {TOKEN}"),
            *("--checks", "all", "--max-examples", EXAMPLES, "--seed", SEED, "--continue-on-failure"),
        ],
        cwd=tmp_path,
        env=os.environ
        | {
            "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py"),
            "API_REPLICA": REPLICA,
            "API_ENGINE": engine.address,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said[-8000:]
    assert ledger_problems(state_of(balancer.address)) == []
    assert balancer.end() == 0
    assert [line for line in balancer.log_lines() if " ERROR " in line or "Traceback" in line] == []
