"""Every task that is made is one to SkyPilot's own classes, and shows no secret."""

import copy
import os
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from nightshift.control.providers.base import Balancing, Kind, Order, Routing
from nightshift.control.providers.skypilot.names import cluster_name, service_and_kind, unit_name
from nightshift.control.providers.skypilot.source import Source
from nightshift.control.providers.skypilot.tasks import port_of, task_of
from nightshift.control.service.spec import SkyTask

SOURCE = Source("nightshift==0.1.0", {})
OHIO: dict[str, object] = {"cloud": "aws", "region": "us-east-2"}
PLACES: list[dict[str, object]] = [
    OHIO,
    {"infra": "gcp/us-central1"},
    {"infra": "k8s/my-context"},
    {"infra": "aws/us-east-2/us-east-2a", "use_spot": True},
]
ENGINE = SkyTask(
    {
        "resources": {"accelerators": "L4:1", "ordered": [OHIO], "disk_tier": "high", "ports": 8081},
        "setup": "pip install sglang",
        "run": "python -m sglang.launch_server --port 8081",
        "secrets": {"HF_TOKEN": "hf_hush"},
    },
    8081,
)
BALANCING = Balancing({"name": "b1", "region": "us-east-2", "peer_token": ["hush-hush"]})
ROUTER = Routing(
    ("python", "-m", "router", "--host", "{host}", "--port", "{port}"), 9001, "pip install router"
)
CLIENT = Routing(("nightshift", "bench", "client", "--endpoint", "svc.example.org:8000"), 0)


def order(kind: Kind, program: Any, place: dict[str, object]) -> Order:
    return Order(f"svc-{kind}1", "svc", kind, "us-east-2", program, place, {"SECRET": "hush-hush"})


ORDERS = [
    order(kind, program, place)
    for place in PLACES
    for kind, program in (
        (Kind.REPLICA, ENGINE),
        (Kind.BALANCER, BALANCING),
        (Kind.ROUTER, ROUTER),
        (Kind.CLIENT, CLIENT),
    )
]


@pytest.mark.parametrize("ordered", ORDERS, ids=lambda o: f"{o.kind}-{o.resources.get('infra', 'aws')}")
def test_skypilot_takes_the_task(ordered: Order) -> None:
    sky = pytest.importorskip("sky")
    made = task_of(ordered, SOURCE)
    task = sky.Task.from_yaml_config(copy.deepcopy(made))
    [resources] = task.resources
    assert str(resources.cloud).lower() in ("aws", "gcp", "kubernetes")
    port = port_of(ordered)
    if port:
        assert str(port) in resources.ports
    assert task.secrets["SECRET"].get_secret_value() == "hush-hush"


@pytest.mark.parametrize("ordered", ORDERS[:4], ids=lambda o: str(o.kind))
def test_secrets_are_in_no_command_and_no_plain_variable(ordered: Order) -> None:
    made = task_of(ordered, SOURCE)
    shown = {key: value for key, value in made.items() if key != "secrets"}
    assert "hush" not in repr(shown)
    assert made["secrets"]["SECRET"] == "hush-hush"


def test_machines_and_ports_of_each_kind() -> None:
    replica, balancer, router, client = (task_of(o, SOURCE)["resources"] for o in ORDERS[:4])
    assert replica == {"accelerators": "L4:1", "disk_tier": "high", **OHIO, "ports": ["8081"]}
    assert balancer == {**OHIO, "instance_type": "m6i.large", "ports": ["8000", "9480"]}
    assert router["ports"] == ["9001"]
    assert (client["cpus"], "ports" in client) == ("8+", False)
    assert task_of(ORDERS[5], SOURCE)["resources"]["cpus"] == "2+"
    own = order(Kind.BALANCER, BALANCING, {**OHIO, "cpus": "4"})
    assert "instance_type" not in task_of(own, SOURCE)["resources"]


def test_the_balancers_command_writes_its_settings_for_itself_alone(tmp_path: Path) -> None:
    program = tmp_path / ".nightshift/venv/bin/nightshift"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@" "$NIGHTSHIFT_BALANCER_CONFIG."\n')
    program.chmod(0o755)
    made = task_of(order(Kind.BALANCER, BALANCING, OHIO), SOURCE)
    env = {**os.environ, "HOME": str(tmp_path), **made["secrets"]}
    ran = subprocess.run(["bash", "-c", made["run"]], env=env, capture_output=True, text=True, check=True)
    assert ran.stdout == "balancer --config .nightshift/balancer.json .\n"
    config = tmp_path / ".nightshift/balancer.json"
    assert config.stat().st_mode & 0o777 == 0o600
    assert orjson.loads(config.read_bytes())["port"] == 8000


@pytest.mark.parametrize("unit", ["svc1-r3", "svc-other-b1", "1-r1", "a_b.c-r1", "größe-r1", "a-", "a_2d"])
def test_names_of_clusters_are_reversible(unit: str) -> None:
    assert unit_name(cluster_name(unit)) == unit
    assert unit_name(unit) is None


def test_a_name_tells_service_and_kind() -> None:
    assert service_and_kind("svc-other-r12") == ("svc-other", Kind.REPLICA)
    assert service_and_kind("svc-router1") == ("svc", Kind.ROUTER)
