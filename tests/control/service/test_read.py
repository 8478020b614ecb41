"""Service files: what they mean, and the one line for each mistake."""

from pathlib import Path

import pytest

from nightshift.balancing.presets import preset
from nightshift.balancing.switches import BoundedLoad, Cost, Topology
from nightshift.control.local.plan import Engine, WanPlan
from nightshift.control.service.read import Read, read_spec
from nightshift.control.service.spec import BalancerPlace, LocalEngine, ProviderName, Scaling, SkyTask
from nightshift.errors import UserError
from nightshift.proxy.limits import Limits

TOKEN = "hf_abcdefghijklmnopqrstuvwxyz012345"
GOOD = """\
name: chat
envs: {HF_TOKEN: , N: 4}
service:
  replicas: 4
  external_load_balancers:
    - resources: {cloud: aws, region: us-east-2}
    - resources: {cloud: aws, region: ap-northeast-1}
resources:
  cloud: aws
  ports: 8081
  ordered:
    - region: us-east-2
    - region: ap-northeast-1
run: serve
"""
SIMPLE = """\
name: demo
engine: emulated
regions:
  us-east-2: {replicas: 3, port: 8001}
  ap-northeast-1: {replicas: 1}
"""


def read(tmp_path: Path, text: str, name: str | None = None, **envs: str) -> Read:
    path = tmp_path / "service.yaml"
    path.write_text(text)
    return read_spec(path, name=name, envs={"HF_TOKEN": TOKEN, **envs})


def also(text: str) -> str:
    """Return the good file with one more line in `service`."""
    return GOOD.replace("replicas: 4", f"replicas: 4\n  {text}")


def test_the_originals_form(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD, name="svc3")
    spec, task = found.spec, found.spec.engine
    assert isinstance(task, SkyTask)
    assert (spec.name, spec.provider, spec.system, found.notes) == (
        "svc3",
        ProviderName.SKYPILOT,
        "nightshift",
        (),
    )
    assert (task.port, task.task) == (8081, {"resources": {"cloud": "aws", "ports": 8081}, "run": "serve"})
    assert [spec.place_of(k).region for k in (1, 2, 3)] == ["us-east-2", "ap-northeast-1", "us-east-2"]
    assert spec.places[1].resources == {"cloud": "aws", "ports": 8081, "region": "ap-northeast-1"}
    assert (spec.scaling, spec.envs) == (Scaling(4, 4), {"HF_TOKEN": TOKEN, "N": "4"})
    assert TOKEN not in repr(found)


def test_a_region_without_a_balancer_gets_one(tmp_path: Path) -> None:
    text = GOOD.replace("    - resources: {cloud: aws, region: ap-northeast-1}\n", "")
    found = read(tmp_path, text.replace("{cloud: aws", "{instance_type: m6i.large, cloud: aws"))
    assert found.notes == ("ap-northeast-1 has replicas and no load balancer in the file: it gets one",)
    machine = {"instance_type": "m6i.large", "cloud": "aws", "region": "ap-northeast-1"}
    assert found.spec.balancers[1] == BalancerPlace("ap-northeast-1", machine, added=True)


@pytest.mark.parametrize(
    ("envs", "system"),
    [
        ({}, 2),
        ({"DO_PUSHING_ACROSS_LB": "true"}, 3),
        ({"DO_PUSHING_ACROSS_LB": "true", "DO_PUSHING_TO_REPLICA": "true"}, 4),
        ({"DO_PUSHING_ACROSS_LB": "true", "LB_PUSHING_ENABLE_LB": "false"}, 5),
    ],
)
def test_the_commands_of_the_benchmark(tmp_path: Path, envs: dict[str, str], system: int) -> None:
    text = also("load_balancing_policy: $META_LB_POLICY").replace("N: 4", "META_LB_POLICY: prefix_tree")
    spec = read(tmp_path, text, **envs).spec
    assert (spec.switches, spec.system) == (preset(system).switches, preset(system).suffix)


def test_switches_over_a_system(tmp_path: Path) -> None:
    text = also(
        "system: 5\n  switches: {max_queue: 7, peer_rule: {max_queue: 3}}\n"
        "  load_balancing_policy: least_load"
    )
    spec = read(tmp_path, text).spec
    assert (spec.system, spec.policy, spec.switches.max_queue) == ("custom", "least_load", 7)
    assert (spec.switches.peer_rule.max_queue, spec.switches.peer_rule.not_longer_than_own) == (3, False)


def test_rules_of_the_field(tmp_path: Path) -> None:
    text = "load_balancing_policy: bounded_hashing\n  switches: {bounded_load: {load_factor: 2, points: 16}}"
    switches = read(tmp_path, also(text)).spec.switches
    assert (switches.replica_policy, switches.peer_policy) == ("bounded_hashing", "bounded_hashing")
    assert switches.bounded_load == BoundedLoad(load_factor=2, points=16)
    found = read(tmp_path, also("system: least_cost\n  switches: {cost: {running_weight: 0}}")).spec
    assert found.switches.cost == Cost(running_weight=0)
    assert read(tmp_path, also("system: paper:4")).spec.system == "sky_walker_prefix"


def test_one_balancer_for_all(tmp_path: Path) -> None:
    found = read(tmp_path, also("system: 1"))
    assert found.spec.switches.topology is Topology.GLOBAL
    assert [balancer.region for balancer in found.spec.balancers] == ["us-east-2"]
    assert found.notes == (
        "one load balancer serves all regions in this system: us-east-2, and none in ap-northeast-1",
    )


def test_here_with_an_engine(tmp_path: Path) -> None:
    spec = read(tmp_path, also("engine: emulated\n  speed: 10").replace("run: serve\n", "")).spec
    assert spec.engine == LocalEngine(Engine.EMULATED, speed=10.0)
    assert (spec.provider, spec.wan) == (ProviderName.LOCAL, WanPlan("aws-2025-05-29"))
    assert not any(place.resources for place in spec.places)
    assert not any(balancer.resources for balancer in spec.balancers)


def test_any_of_is_ordered_by_its_text(tmp_path: Path) -> None:
    spec = read(tmp_path, GOOD.replace("ordered", "any_of")).spec
    assert [place.region for place in spec.places] == ["ap-northeast-1", "us-east-2"]


def test_infra_is_cloud_and_region(tmp_path: Path) -> None:
    text = GOOD.replace("  cloud: aws\n", "").replace("- region: us-east-2", "- infra: aws/us-east-2")
    text = text.replace("- region: ap-northeast-1", "- infra: k8s/arn:aws:eks/ctx")
    spec = read(tmp_path, text).spec
    assert spec.places[0].resources == {"ports": 8081, "cloud": "aws", "region": "us-east-2"}
    assert spec.places[1].resources == {"ports": 8081, "cloud": "kubernetes", "region": "arn:aws:eks/ctx"}


def test_what_goes_to_balancers(tmp_path: Path) -> None:
    for name in ("a.pem", "b.pem"):
        (tmp_path / name).touch()
    text = also(
        "limits: {body_bytes: 5}\n  tls: {certfile: a.pem, keyfile: b.pem}\n  keys: [{id: a, sha256: '%s'}]"
    )
    assert read(tmp_path, text % ("0" * 64)).spec.balancer_settings == {
        "limits": {"body_bytes": 5},
        "tls": {"certificate": str(tmp_path / "a.pem"), "key": str(tmp_path / "b.pem")},
        "keys": [{"id": "a", "sha256": "0" * 64}],
    }


def test_the_simple_form(tmp_path: Path) -> None:
    spec = read(tmp_path, SIMPLE).spec
    assert [place.region for place in spec.places] == [
        "us-east-2",
        "ap-northeast-1",
        "us-east-2",
        "us-east-2",
    ]
    assert (spec.scaling, spec.system) == (Scaling(4, 4), "nightshift")
    assert [(b.region, b.port) for b in spec.balancers] == [("us-east-2", 8001), ("ap-northeast-1", 0)]
    assert read(tmp_path, SIMPLE, DO_PUSHING_ACROSS_LB="true").spec.system == "sky_push_pull"


def test_the_simple_form_and_the_originals_switches(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"6: system: the original's switches are set as well \(LB_POLICY\)"):
        read(tmp_path, SIMPLE + "system: 2\n", LB_POLICY="prefix_tree")
    with pytest.raises(UserError, match=r"6: system: system 0 \(sgl\) is the real sglang-router"):
        read(tmp_path, SIMPLE + "system: 0\n")


def test_notes(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.replace("  replicas: 4\n", "")).notes == (
        "neither replicas nor replica_policy is given: there is 1 replica",
        "at most 1 replica for 2 places: none goes to ap-northeast-1",
    )
    assert read(tmp_path, GOOD, HF_TOKEN="").notes == ("HF_TOKEN, which the file leaves to --env, is empty",)


@pytest.mark.parametrize("key", ["dynamic_ondemand_fallback: true", "num_overprovision: 1", "spot_placer: x"])
def test_what_skyserve_has_and_a_service_has_not_is_said(tmp_path: Path, key: str) -> None:
    policy = f"replica_policy: {{min_replicas: 2, {key}}}"
    (note,) = read(tmp_path, GOOD.replace("replicas: 4", policy)).notes
    assert note.startswith(f"replica_policy.{key.partition(':')[0]} has no effect: ")
    lasting = "replicas: 4\n  load_balancer: {stream_timeout_seconds: 60}"
    (note,) = read(tmp_path, GOOD.replace("replicas: 4", lasting)).notes
    assert note.startswith("load_balancer.stream_timeout_seconds has no effect: ")


def test_a_variable_that_was_not_given(tmp_path: Path) -> None:
    path = tmp_path / "service.yaml"
    path.write_text(GOOD)
    with pytest.raises(
        UserError, match=r"2: envs.HF_TOKEN: has no value; give one with --env HF_TOKEN=VALUE"
    ):
        read_spec(path)


@pytest.mark.parametrize(
    "line", ["load_balancing_policy: $HF_TOKEN", "system: ${HF_TOKEN}", "ports: $HF_TOKEN"]
)
def test_no_token_in_errors(tmp_path: Path, line: str) -> None:
    with pytest.raises(UserError, match="HF_TOKEN") as caught:
        read(tmp_path, also(line))
    assert TOKEN[:8] not in str(caught.value)


def test_a_wrong_value_by_env_names_the_flag(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--env LB_POLICY: names no policy; known are"):
        read(tmp_path, GOOD, LB_POLICY=TOKEN)


def test_a_wrong_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^-n: found 'my svc', allowed: small letters"):
        read(tmp_path, GOOD, name="my svc")


BAD = [
    (
        GOOD.replace("  replicas", "\treplicas"),
        "4:1: found character '\\t' that cannot start any token; indent with spaces, YAML forbids tabs",
    ),
    (GOOD.replace("replicas", "replcas"), "4: service.replcas: unknown key; did you mean 'replicas'?"),
    (GOOD + "worksdir: x\n", "15: worksdir: unknown key; did you mean 'workdir'?"),
    (
        GOOD.replace("  cloud: aws\n", "  clod: aws\n"),
        "9: resources.clod: unknown key; did you mean 'cloud'?",
    ),
    (
        GOOD.replace("ap-northeast-1}", "us-east-2}"),
        ("7: service.external_load_balancers.1: us-east-2 has a load balancer already; one for each region"),
    ),
    (
        GOOD.replace("    - region: ap-northeast-1", "    - region: us-east-2"),
        "13: resources.ordered.1: the same as entry 0; raise `replicas` to have more there",
    ),
    (GOOD.replace("replicas: 4", "replicas: 0"), "4: service.replicas: found 0, allowed: 1 or more"),
    (
        GOOD.replace("replicas: 4", "replicas: 2\n  replica_policy: {min_replicas: 1}"),
        "5: service.replica_policy: replicas is given as well; keep one of the two",
    ),
    (
        GOOD.replace("replicas: 4", "replica_policy: {min_replicas: 3, max_replicas: 2}"),
        "4: service.replica_policy.max_replicas: found 2, allowed: 3 (min_replicas) or more",
    ),
    (
        GOOD.replace("replicas: 4", "replica_policy: {min_replicas: 3, max_replicas: 5}"),
        (
            "4: service.replica_policy.max_replicas: is more than min_replicas, but nothing says "
            "when to scale; add target_qps_per_replica or target_queue_seconds"
        ),
    ),
    (
        GOOD.replace("name: chat", "name: my chat"),
        (
            "1: name: found 'my chat', allowed: small letters, digits and hyphens, beginning with "
            "a letter, at most 63 (`chat-eu`); or give another with -n"
        ),
    ),
    (GOOD.replace("name: chat\n", ""), "1: name: this key is missing; add it, or give a name with -n"),
    (
        GOOD.replace("    - region: us-east-2", "    - region: us east"),
        (
            "12: resources.ordered.0.region: found 'us east', allowed: the name of a region or "
            "Kubernetes context, without spaces (`us-east-2`)"
        ),
    ),
    (
        GOOD.replace("run: serve\n", ""),
        (
            "1: run: this key is missing: the command that starts the engine; or, to run here, "
            "`engine` in `service`"
        ),
    ),
    (
        GOOD.replace("  ports: 8081\n", ""),
        "8: resources: names no port; say in `service.ports` where the engine listens",
    ),
    (
        GOOD.replace("ports: 8081", "ports: [8081, 9000]"),
        "10: resources.ports: opens 8081, 9000; say in `service.ports` where the engine listens",
    ),
    (
        GOOD.replace("    - region: us-east-2", "    - zone: us-east-2a"),
        (
            "12: resources.ordered.0: names no region; add `region: us-east-2`, or one to each "
            "entry of `ordered`"
        ),
    ),
    (
        GOOD.replace("  cloud: aws\n  ports", "  ports").replace(
            "    - region: us-east-2", "    - infra: k8s"
        ),
        (
            "11: resources.ordered.0: names no context of Kubernetes; write `infra: k8s/CONTEXT` "
            "(kubectl config get-contexts)"
        ),
    ),
    (
        GOOD.replace("    - region: us-east-2", "    - infra: aws/a/b/c"),
        "12: resources.ordered.0.infra: found 'aws/a/b/c', allowed: CLOUD/REGION or CLOUD/REGION/ZONE",
    ),
    (
        GOOD.replace("    - region: us-east-2", "    - {region: a, infra: aws/us-east-2}"),
        "12: resources.ordered.0.infra: region is given as well; keep one of the two",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  route53_hosted_zone: a.example.com").replace(
            "{cloud: aws, region: ap", "{cloud: gcp, region: ap"
        ),
        (
            "8: service.external_load_balancers.1.resources: the load balancer of ap-northeast-1 "
            "is on gcp, allowed: aws (route53_hosted_zone needs that of every load balancer)"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  route53_hosted_zone: example"),
        (
            "5: service.route53_hosted_zone: found 'example', allowed: the name of a public zone "
            "(`llm.example.com`)"
        ),
    ),
    (
        GOOD.replace("region: us-east-2}", "region: us-east-2, ports: 8000}"),
        (
            "6: service.external_load_balancers.0.resources.ports: leave it out; a balancer "
            "listens on 8000 of its machine"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  system: 0"),
        (
            "5: service.system: system 0 (sgl) is the real sglang-router, one for all regions, in "
            "the first: no balancers of a service are like it; choose another, the benchmark puts "
            "that router before the service's replicas"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  system: 12"),
        (
            "5: service.system: unknown system 12; known are 0 (sgl), 1 (sky_sgl_enhanced), 2 "
            "(sky_pull_pull), 3 (sky_push_pull), 4 (sky_push_push), 5 (sky_pull_pull_rate_limit), "
            "6 (gke_gateway), 7 (nightshift), and by name those that `nightshift bench systems` lists"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  load_balancing_policy: best"),
        (
            "5: service.load_balancing_policy: found 'best', allowed: round_robin, least_load, "
            "nearest, consistent_hashing, prefix_tree, power_of_two, bounded_hashing, least_cost, "
            "weighted_scores, proximate_first"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  switches: {acros: push}"),
        "5: service.switches.acros: unknown key; did you mean 'across'?",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  switches: {across: pull}"),
        (
            "5: service.switches.across: found 'pull', allowed: 'none', 'steal-average', "
            "'steal-small', 'push' or 'selective-push'"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  switches: {peer_rule: {max: 1}}"),
        "5: service.switches.peer_rule.max: unknown key; known here: max_queue, not_longer_than_own",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  switches: {max_outstanding: 0}"),
        "5: service.switches.max_outstanding: found 0, allowed: a number above 0",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  switches: {bounded_load: {load_factor: 0.9}}"),
        "5: service.switches.bounded_load.load_factor: found 0.9, allowed: 1 to 1000",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  switches: {weights: {kv: -1}}"),
        "5: service.switches.weights.kv: found -1, allowed: a number of 0 or more",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  system: vllm_router"),
        (
            "5: service.system: system vllm_router is the real vllm-router, cache-aware with its own "
            "defaults, one for all regions, in the first: no balancers of a service are like it; choose "
            "another, the benchmark puts that router before the service's replicas"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  switches: {across: none}").replace(
            "    - region: ap-northeast-1\n", ""
        ),
        (
            "8: service.external_load_balancers.1: ap-northeast-1 has no replica, and this system "
            "hands no request to another region; add the region to `resources.ordered`, or choose "
            "another system"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  residency: {acme: [mars]}"),
        "5: service.residency.acme.0: found 'mars', allowed: us-east-2, ap-northeast-1",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  limits: {body_byte: 1}"),
        "5: service.limits.body_byte: unknown key; did you mean 'body_bytes'?",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  limits: {body_bytes: -1}"),
        "5: service.limits.body_bytes: found -1, allowed: more than 0",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  limits: {body_bytes: much}"),
        "5: service.limits.body_bytes: found 'much', allowed: a whole number",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  limits: 7"),
        f"5: service.limits: found 7, allowed: a mapping with {', '.join(Limits.model_fields)}",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  keys: [{id: a, sha256: ns-pasted-key-itself}]"),
        "5: service.keys.0.sha256: string should match pattern '^[0-9a-f]{64}$'",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  keys: [ns-pasted-key-itself]"),
        (
            "5: service.keys.0: must be a mapping with id, sha256, requests_per_minute, "
            "tokens_per_minute, models, tenant, expires"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  tls: {certificate: a.pem}"),
        "5: service.tls: needs key (or keyfile), once",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  tls: {certificate: a.pem, keyfile: b.pem}"),
        "5: service.tls.certificate: no such file: {folder}/a.pem",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  peer_tls: {ca: a, certificate: b, key: c}"),
        "5: service.peer_tls: needs tls: certificates are shown in a TLS handshake",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  keys_file: none.jsonl"),
        "5: service.keys_file: no such file: {folder}/none.jsonl",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  speed: 2"),
        "5: service.speed: found 2.0, allowed: only with `engine`",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  engine: llama.cpp\n  speed: 2"),
        "6: service.speed: found 2.0, allowed: only with `engine: emulated`",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  engine: emulated").replace("ap-northeast-1", "mars"),
        (
            "9: resources: unknown region 'mars': matrix aws-2025-05-29 knows ap-northeast-1, "
            "ap-southeast-1, eu-central-1, eu-west-1, us-east-1, us-east-2, us-west-2; or set "
            "`wan: none` in `service`"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  readiness_probe: v1"),
        "5: service.readiness_probe: found 'v1', allowed: a path that begins with / (`/v1/models`)",
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  readiness_probe: {path: /v1, headers: {A: 5}}"),
        (
            "5: service.readiness_probe.headers: must be a mapping from names of headers to text; "
            "put values in quotes"
        ),
    ),
    (
        GOOD.replace("replicas: 4", "replicas: 4\n  system: 2").replace("N: 4", "LB_POLICY: prefix_tree"),
        "5: service.system: the original's switches are set as well (LB_POLICY); keep one of the two",
    ),
    (
        GOOD.replace("N: 4", "USE_V2_STEALING: maybe"),
        "2: envs.USE_V2_STEALING: is a switch of the original and neither true, 1, false nor 0",
    ),
    (GOOD.replace("N: 4", "N: [1]"), "2: envs.N: found a list, allowed: text"),
    (
        "a: 1\n",
        (
            "1: there is no key `service`, allowed: a SkyPilot task with `service:`, or name, "
            "engine and regions (docs/reference/service-file.md)"
        ),
    ),
    (
        "- a\n",
        (
            "1: found a list, allowed: a SkyPilot task with `service:`, or name, engine and "
            "regions (docs/reference/service-file.md)"
        ),
    ),
    ("service:\n", "1: service: found nothing, allowed: a mapping"),
]


@pytest.mark.parametrize(("text", "line"), BAD, ids=[line[:60] for _, line in BAD])
def test_bad_files(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == f"{tmp_path}/service.yaml:" + line.replace("{folder}", str(tmp_path))
