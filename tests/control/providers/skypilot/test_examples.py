"""Files in `examples/` from end to end: read, ordered as the controller does, taken by SkyPilot. Offline."""

import copy
import socket
from pathlib import Path
from typing import Any, NoReturn

import orjson
import pytest

from nightshift.control.controller.orders import order_for
from nightshift.control.lifecycle.rows import UnitRow
from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Kind
from nightshift.control.providers.skypilot.ports import port_there
from nightshift.control.providers.skypilot.source import Source
from nightshift.control.providers.skypilot.tasks import CONFIG, task_of
from nightshift.control.service.read import read_spec
from nightshift.control.service.spec import ServiceSpec
from nightshift.proxy.settings import checked_settings

FOLDER = Path(__file__).parents[4] / "examples"
FILES = {
    "aws-sglang-2x2": ["us-east-2", "ap-northeast-1"],
    "aws-vllm-4x4x4": ["us-east-2", "eu-central-1", "ap-northeast-1"],
    "kubernetes": ["chat-us", "chat-eu"],
}
TOKEN = "token-of-the-service"
PLACES = [(name, place, region) for name, regions in FILES.items() for place, region in enumerate(regions)]
"""Each place of each file, with the region that it must be in."""


def spec_of(name: str) -> ServiceSpec:
    return read_spec(FOLDER / f"{name}.yaml", envs={"HF_TOKEN": "hf_hush"}).spec


def task_for(spec: ServiceSpec, kind: Kind, place: int, region: str) -> dict[str, Any]:
    name = f"{spec.name}-{kind}{place + 1}"
    row = UnitRow(name, spec.name, kind, place + 1, 1, region, place, State.PENDING, 0.0, 0.0)
    return task_of(order_for(spec, row, TOKEN), Source("nightshift==0.1.0", {}))


def taken(made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What SkyPilot makes of a task, with no way out of this machine."""
    sky = pytest.importorskip("sky")

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("SkyPilot asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return sky.Task.from_yaml_config(copy.deepcopy(made))


@pytest.mark.parametrize(("name", "place", "region"), PLACES)
def test_a_replica(name: str, place: int, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of(name)
    task = taken(task_for(spec, Kind.REPLICA, place, region), monkeypatch)
    [resources] = task.resources
    assert str(resources.cloud).lower() == ("kubernetes" if name == "kubernetes" else "aws")
    assert (resources.region, resources.accelerators, resources.ports) == (region, {"L4": 1}, ["8081"])
    assert task.run.rstrip().splitlines()[-1]
    assert task.secrets["HF_TOKEN"].get_secret_value() == "hf_hush"
    assert task.secrets["MODEL_NAME"].get_secret_value() == "meta-llama/Llama-3.1-8B-Instruct"
    assert "hf_hush" not in repr(task.to_yaml_config(use_user_specified_yaml=True))


@pytest.mark.parametrize(("name", "place", "region"), PLACES)
def test_a_balancer(name: str, place: int, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of(name)
    task = taken(task_for(spec, Kind.BALANCER, place, region), monkeypatch)
    [resources] = task.resources
    assert (resources.region, resources.ports) == (region, ["8000", "9480"])
    if name == "kubernetes":
        assert resources.cpus == "2+"
    else:
        assert resources.instance_type == "m6i.large"
    settings = checked_settings(orjson.loads(task.secrets[CONFIG].get_secret_value()), where="settings")
    assert (settings.host, settings.port, settings.region) == ("0.0.0.0", 8000, region)
    assert settings.residency == spec.residency
    assert TOKEN not in repr(task.to_yaml_config(use_user_specified_yaml=True))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("kind", "port"), [(Kind.REPLICA, 8081), (Kind.BALANCER, 8000)])
def test_skypilot_keeps_the_port(name: str, kind: Kind, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task = taken(task_for(spec_of(name), kind, 0, FILES[name][0]), monkeypatch)
    utils = pytest.importorskip("sky.utils.yaml_utils")
    kept = utils.dump_yaml_str(task.to_yaml_config(use_user_specified_yaml=True))
    assert port_there(kind, {"last_creation_yaml": kept}) == port
