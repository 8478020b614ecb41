"""The files in `examples/`: each is read, and SkyPilot takes the tasks in them."""

from pathlib import Path

import pytest

from nightshift.control.service.read import read_spec
from nightshift.control.service.spec import ProviderName, ServiceSpec, SkyTask

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))
CLOUD = {"aws-sglang-2x2": (4, 2), "aws-vllm-4x4x4": (12, 3), "kubernetes": (2, 2)}


def spec(path: Path) -> ServiceSpec:
    found = read_spec(path, envs={} if path.stem.startswith("local-") else {"HF_TOKEN": "hf_some_token"})
    assert not [note for note in found.notes if "switches of the original" not in note]
    return found.spec


def test_all_are_there() -> None:
    assert {path.stem for path in EXAMPLES} >= {*CLOUD, "local-emulated", "local-llamacpp"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_is_read(path: Path) -> None:
    found = spec(path)
    assert found.name == path.stem or path.stem.startswith("aws-")
    assert (found.provider is ProviderName.LOCAL) == path.stem.startswith("local-")
    if path.stem in CLOUD:
        assert (found.scaling.least, len(found.balancers)) == CLOUD[path.stem]
        assert "hf_some_token" not in repr(found)


def test_the_seeds_services_are_the_seeds_systems() -> None:
    path = next(path for path in EXAMPLES if path.stem == "aws-sglang-2x2")
    push = {"DO_PUSHING_ACROSS_LB": "true"}
    for name, envs, system in (
        ("svc3", {}, "sky_pull_pull"),
        ("svc4", push, "sky_push_pull"),
        ("svc5", {**push, "DO_PUSHING_TO_REPLICA": "true"}, "sky_push_push"),
        ("svc6", {**push, "LB_PUSHING_ENABLE_LB": "false"}, "sky_pull_pull_rate_limit"),
    ):
        found = read_spec(path, name=name, envs={"HF_TOKEN": "x", **envs}).spec
        assert (found.name, found.system) == (name, system)


@pytest.mark.parametrize("path", [p for p in EXAMPLES if p.stem in CLOUD], ids=lambda path: path.stem)
def test_skypilot_takes_each_place(path: Path) -> None:
    sky = pytest.importorskip("sky")
    schemas = pytest.importorskip("sky.utils.schemas")
    utils = pytest.importorskip("sky.utils.common_utils")
    found = spec(path)
    assert isinstance(found.engine, SkyTask)
    for place in found.places:
        task = {**found.engine.task, "resources": dict(place.resources), "envs": dict(found.envs)}
        assert sky.Task.from_yaml_config(task).run == found.engine.task["run"]
    for balancer in found.balancers:
        # By the schema alone: for a named type of machine, SkyPilot would load the cloud's catalogue.
        utils.validate_schema(dict(balancer.resources), schemas.get_resources_schema(), "")
