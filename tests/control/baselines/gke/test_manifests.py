"""Manifests against their schemas: Kubernetes' own, and after the CRDs for the rest. Offline."""

from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import orjson
import pytest

from nightshift.control.baselines.gke.manifests import ON_ALL, ON_CONFIG, manifests
from nightshift.control.baselines.gke.options import Options, cluster_of
from nightshift.errors import UserError

KUBERNETES = "1.33"
OPTIONS = Options(clusters=(cluster_of("sglang-us:us-central1", "p"),), project="p", replicas=3, timeout_s=77)
FILES = manifests(OPTIONS)
ALL = [manifest for file in FILES.values() for manifest in file]
CUSTOM = {
    file.stem: orjson.loads(file.read_bytes()) for file in (Path(__file__).parent / "schemas").iterdir()
}


def check(manifest: dict[str, Any]) -> None:
    if manifest["kind"] in CUSTOM:
        jsonschema.validate(manifest, CUSTOM[manifest["kind"]], jsonschema.Draft202012Validator)
    else:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


@pytest.mark.parametrize("manifest", ALL, ids=lambda one: one["kind"])
def test_schema(manifest: dict[str, Any]) -> None:
    check(manifest)
    assert manifest["metadata"]["namespace"] == "default"


def test_the_schemas_do_refuse() -> None:
    deployment, health = FILES["all.yaml"][0], FILES["healthcheckpolicy.yaml"][0]
    with pytest.raises(kubernetes_validate.ValidationError):
        check({**deployment, "spec": {**deployment["spec"], "replcas": 2}})
    with pytest.raises(jsonschema.ValidationError):
        check({**health, "spec": {"default": {"checkIntervalSec": 301}, "targetRef": {"name": "x"}}})


def test_every_file_has_a_place_and_names_agree() -> None:
    assert set(FILES) == {*ON_ALL, *ON_CONFIG}
    deployment, service = FILES["all.yaml"]
    assert deployment["spec"]["replicas"] == 3
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    name, port = service["metadata"]["name"], service["spec"]["ports"][0]["port"]
    assert FILES["svc-export.yaml"][0]["metadata"]["name"] == name
    route = FILES["httproute.yaml"][0]["spec"]
    assert route["parentRefs"] == [{"name": FILES["gateway.yaml"][0]["metadata"]["name"]}]
    backend = route["rules"][0]["backendRefs"][0]
    assert (backend["kind"], backend["name"], backend["port"]) == ("ServiceImport", name, port)
    for policy in ("healthcheckpolicy.yaml", "backendpolicy.yaml"):
        assert FILES[policy][0]["spec"]["targetRef"]["name"] == name
    assert FILES["backendpolicy.yaml"][0]["spec"]["default"] == {"timeoutSec": 77}


def test_no_token_is_in_a_manifest() -> None:
    env = FILES["all.yaml"][0]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf-token", "key": "token"}}}]


def test_clusters() -> None:
    assert cluster_of("a:b", "p").context == "gke_p_b_a"
    assert cluster_of("a:b:mine", "p").context == "mine"
    with pytest.raises(UserError, match="NAME:LOCATION"):
        cluster_of("a", "p")
