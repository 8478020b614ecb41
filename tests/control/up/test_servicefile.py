"""The service file: what it means, and the one line for each mistake."""

from pathlib import Path

import pytest

from nightshift.control.local.external import ExternalRouter
from nightshift.control.local.plan import Engine, RegionPlan, WanPlan
from nightshift.control.up.servicefile import Service, read_service
from nightshift.errors import UserError

EXAMPLES = Path(__file__).parents[3] / "examples"

GOOD = """\
name: demo
engine: emulated
regions:
  us-east-2: {replicas: 2, port: 8001}
  ap-northeast-1: {replicas: 1}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "service.yaml"
    path.write_text(text)
    return path


def service(tmp_path: Path, text: str) -> Service:
    return read_service(written(tmp_path, text))


def test_defaults(tmp_path: Path) -> None:
    plan = service(tmp_path, GOOD).plan(tmp_path)
    assert plan.regions == (
        RegionPlan("us-east-2", 2, "127.0.0.1", 8001),
        RegionPlan("ap-northeast-1", 1, "127.0.0.1", 0),
    )
    assert (plan.engine, plan.speed, plan.seed, plan.model) == (Engine.EMULATED, 1.0, 0, None)
    assert plan.wan == WanPlan("aws-2025-05-29", 0.0, None)


def test_everything_said(tmp_path: Path) -> None:
    text = GOOD + "system: 0\nprofile: instant\nspeed: 10\nseed: 3\nmodel: m\n"
    text += "wan: {matrix: {us-east-2: {ap-northeast-1: 100}}, jitter_ms: 2, bandwidth_mbit_s: 50}\n"
    plan = service(tmp_path, text).plan(tmp_path)
    assert plan.routing is ExternalRouter.SGLANG
    assert (plan.profile, plan.speed, plan.seed, plan.model) == ("instant", 10.0, 3, "m")
    assert plan.wan == WanPlan({"us-east-2": {"ap-northeast-1": 100}}, 2, 50)


def test_without_wan_regions_may_have_any_name(tmp_path: Path) -> None:
    plan = service(tmp_path, GOOD.replace("us-east-2", "home") + "wan: none\n").plan(tmp_path)
    assert plan.wan is None
    assert plan.regions[0].name == "home"


@pytest.mark.parametrize("name", ["local-emulated.yaml", "local-llamacpp.yaml"])
def test_examples_are_right(name: str, tmp_path: Path) -> None:
    assert read_service(EXAMPLES / name).plan(tmp_path).regions


def test_a_file_of_the_other_form_is_sent_to_its_command() -> None:
    with pytest.raises(UserError, match=r"service: this file is for `nightshift serve up`"):
        read_service(EXAMPLES / "local-benchmark.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Unknown and missing keys.
        (GOOD + "sytem: 1\n", "6: sytem: unknown key; did you mean 'system'?"),
        (GOOD + "colour: red\n", "6: colour: unknown key; known here: name, engine, "),
        (GOOD.replace("port", "prot"), "4: regions.us-east-2.prot: unknown key; did you mean 'port'?"),
        (GOOD + "wan:\n  jitter: 1\n", "7: wan.jitter: unknown key; did you mean 'jitter_ms'?"),
        (GOOD.replace("name: demo\n", ""), "1: name: this key is missing"),
        (GOOD.replace("replicas: 1", ""), "5: regions.ap-northeast-1.replicas: this key is missing"),
        # Values of the wrong kind or out of range.
        (
            GOOD.replace("replicas: 2", "replicas: two"),
            "4: regions.us-east-2.replicas: found 'two', allowed: a whole",
        ),
        (
            GOOD.replace("replicas: 2", "replicas: 1.5"),
            "4: regions.us-east-2.replicas: found 1.5, allowed: a whole",
        ),
        (
            GOOD.replace("replicas: 2", "replicas: true"),
            "4: regions.us-east-2.replicas: found true, allowed: a whole",
        ),
        (
            GOOD.replace("replicas: 2", "replicas: -1"),
            "4: regions.us-east-2.replicas: found -1, allowed: 0 or more",
        ),
        (GOOD.replace("8001", "80010"), "4: regions.us-east-2.port: found 80010, allowed: 65535 or less"),
        (
            GOOD.replace("port", "host: 'a:1', port"),
            "4: regions.us-east-2.host: found 'a:1', allowed: an IPv4",
        ),
        (GOOD.replace("{replicas: 1}", "3"), "5: regions.ap-northeast-1: found 3, allowed: a mapping"),
        (GOOD.replace("name: demo", "name: my demo"), "1: name: found 'my demo', allowed: small letters"),
        (GOOD.replace("name: demo", "name: 1"), "1: name: found 1, allowed: text"),
        (GOOD.replace("emulated", "vllm"), "2: engine: found 'vllm', allowed: 'emulated' or 'llama.cpp'"),
        (GOOD + "speed: 0\n", "6: speed: found 0, allowed: more than 0"),
        (GOOD + "seed: -3\n", "6: seed: found -3, allowed: 0 or more"),
        (GOOD + "system: 9\n", "6: system: unknown system 9; known are 0 (sgl)"),
        (GOOD + "system: [1]\n", "6: system: found a list, allowed: the name or the number"),
        (GOOD + "profile: l5\n", "6: profile: found 'l5', allowed: l4-llama-3.1-8b"),
        (GOOD + "wan: some\n", "6: wan: found 'some', allowed: none, or a mapping with matrix"),
        (GOOD + "wan:\n", "6: wan: found nothing, allowed: none, or a mapping"),
        (
            GOOD + "wan: {matrix: mars}\n",
            "6: wan.matrix: unknown matrix 'mars': choose aws",
        ),
        (
            GOOD + "wan:\n  matrix:\n    us-east-2:\n      ap-northeast-1: far\n",
            "9: wan.matrix.us-east-2.ap-northeast-1: found 'far', allowed: a number",
        ),
        (GOOD + "regions:\n  a: {replicas: 1}\n", "6:1: key 'regions' a second time; the first is in line 3"),
        (
            GOOD.replace("ap-northeast-1", "us-east-2"),
            "5:3: key 'us-east-2' a second time; the first is in line 4",
        ),
        ("- a\n", "1: found a list, allowed: a mapping with name"),
        # Values that do not go together.
        (
            GOOD.replace("ap-northeast-1", "atlantis"),
            "5: regions.atlantis: unknown region 'atlantis': matrix aws-2025-05-29 knows",
        ),
        (
            GOOD.replace("us-east-2", "US East"),
            "4: regions.US East: found 'US East', allowed: as the name of",
        ),
        (
            "name: demo\nengine: emulated\nregions: {}\n",
            "3: regions: found a mapping, allowed: 1 or more entries",
        ),
        (
            GOOD.replace("emulated", "llama.cpp") + "speed: 2\n",
            "6: speed: found 2.0, allowed: only with `engine: emulated`",
        ),
        (
            GOOD.replace("2, port", "0, port").replace("replicas: 1", "replicas: 0"),
            "3: regions: service 'demo' has no",
        ),
        # Only the first in the file, and how many more.
        (GOOD.replace("demo", "3") + "seed: x\n", "1: name: found 3, allowed: text (and 1 more)"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserError) as caught:
        read_service(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:{message}"), said
    assert "\n" not in said
