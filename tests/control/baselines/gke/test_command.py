"""The commands with stand-ins for gcloud and kubectl, which keep what they were asked and play answers."""

import re
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from typer.testing import CliRunner

from nightshift.control.baselines.gke.command import app
from nightshift.control.baselines.gke.running import CommandError
from nightshift.errors import UserError

# Answers by the first entry of answers.json whose words are all in the command; else nothing, with status 0.
_STUB = """#!{python} -IS
import json, pathlib, sys
folder = pathlib.Path({folder!r})
command = [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]
with open(folder / "calls.jsonl", "a") as file:
    file.write(json.dumps({{"argv": command, "stdin": sys.stdin.read()}}) + "\\n")
for words, status, text in json.loads((folder / "answers.json").read_text()):
    if all(any(word in part for part in command) for word in words):
        (sys.stderr if status else sys.stdout).write(text)
        sys.exit(status)
"""

CONTEXTS = "gke_p1_us-central1_sglang-us\ngke_p1_asia-northeast1_sglang-asia\n"
FRESH: list[tuple[list[str], int, str]] = [
    (["get-contexts"], 0, CONTEXTS),
    (["get-value", "project"], 0, "p1\n"),
    (["projects", "describe"], 0, "42\n"),
    (["get", "secret"], 1, "not found"),
    (["diff"], 1, ""),
    (["get", "gateway"], 0, "203.0.113.7"),
]


class Tools:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("gcloud", "kubectl"):
            stub = folder / name
            stub.write_text(_STUB.format(python=sys.executable, folder=str(folder)))
            stub.chmod(0o755)
        self.answer(FRESH)

    def answer(self, answers: list[tuple[list[str], int, str]]) -> None:
        (self.folder / "answers.json").write_bytes(orjson.dumps(answers))

    def calls(self) -> list[dict[str, Any]]:
        text = (self.folder / "calls.jsonl").read_text() if (self.folder / "calls.jsonl").exists() else ""
        return [orjson.loads(line) for line in text.splitlines()]

    def lines(self, *words: str) -> list[str]:
        found = [" ".join(call["argv"]) for call in self.calls()]
        return [line for line in found if all(word in line for word in words)]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN", "hf_verysecret")
    return Tools(tmp_path)


def run(*args: str) -> Any:
    result = CliRunner().invoke(app, list(args), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_up_does_all_and_prints_the_endpoint(tools: Tools) -> None:
    result = run("up", "-y", "--json")
    assert orjson.loads(result.stdout) == {"endpoint": "http://203.0.113.7:80"}
    assert len(tools.lines("kubectl", "apply")) == 8
    assert len(tools.lines("create secret")) == 2
    assert tools.lines("service-42@gcp-sa-multiclusteringress", "add-iam-policy-binding")
    applied = [call["stdin"] for call in tools.calls() if "apply" in call["argv"]]
    assert [one["kind"] for one in yaml.safe_load_all(applied[0])] == ["Deployment", "Service"]
    secrets = [call for call in tools.calls() if "create" in call["argv"]]
    assert {call["stdin"] for call in secrets} == {"hf_verysecret"}
    assert "hf_verysecret" not in result.output + "".join(tools.lines())


def test_what_is_done_is_skipped(tools: Tools) -> None:
    apis = [
        "container",
        "compute",
        "gkehub",
        "multiclusterservicediscovery",
        "multiclusteringress",
        "trafficdirector",
    ]
    done = [
        (["services", "list"], 0, "\n".join(f"{api}.googleapis.com" for api in apis)),
        (["gatewayApiConfig"], 0, "CHANNEL_STANDARD\n"),
        (["multi-cluster-services", "describe"], 0, "ACTIVE\n"),
        (["get-iam-policy", "networkViewer"], 0, "serviceAccount:p1.svc.id.goog[gke-mcs/gke-mcs-importer]\n"),
        (["get", "secret"], 0, "hf-token"),
        (["diff"], 0, ""),
        (["spec.replicas"], 0, "2"),
    ]
    tools.answer([*done, *FRESH])
    result = run("up", "-y")
    assert not tools.lines("services", "enable", "container.googleapis")
    assert not tools.lines("apply")
    assert not tools.lines("scale")
    assert not tools.lines("networkViewer", "add-iam")
    assert tools.lines("ingress", "enable")
    assert "Enable the Google Cloud APIs: done already" in result.stderr
    assert "http://203.0.113.7:80/v1" in result.stdout


def test_a_failed_step_ends_it_with_the_words_of_the_tool(tools: Tools) -> None:
    tools.answer([(["ingress", "--config-membership"], 1, "hint\nERROR: permission denied on p1\n"), *FRESH])
    with pytest.raises(
        CommandError, match=r"multi-cluster gateway.*status 1: ERROR: permission denied on p1"
    ):
        run("up", "-y")
    assert not tools.lines("apply")


def test_scale_status_and_down(tools: Tools) -> None:
    run("scale", "5", "--nodes", "3")
    assert len(tools.lines("--replicas=5")) == 2
    assert len(tools.lines("--num-nodes=3", "--project=p1")) == 2
    tools.answer([(["readyReplicas", "asia"], 1, "NotFound"), (["readyReplicas"], 0, "/2"), *FRESH])
    shown = orjson.loads(run("status", "--json").stdout)
    assert shown["endpoint"] == "http://203.0.113.7:80"
    assert shown["replicas"] == {"sglang-us": "0/2", "sglang-asia": "no deployment, or no access"}
    run("down", "-y")
    assert len(tools.lines("--num-nodes=0")) == 2
    assert not tools.lines("delete")
    run("down", "-y", "--all")
    assert len(tools.lines("delete -f")) == 8
    assert tools.lines("fleet", "ingress", "disable")


def test_missing_tools_contexts_project_and_token(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.answer([(["get-value"], 0, "(unset)\n"), *FRESH])
    with pytest.raises(UserError, match="--project"):
        run("status")
    tools.answer([(["get-contexts"], 0, "minikube\n"), *FRESH])
    with pytest.raises(UserError, match=r"get-credentials sglang-us --location=us-central1 --project=p1"):
        run("status")
    tools.answer(FRESH)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(UserError, match="HF_TOKEN"):
        run("up", "-y")
    (tools.folder / "kubectl").unlink()
    with pytest.raises(UserError, match="kubectl is not installed"):
        run("status")


def test_plan_needs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    text = run("plan").stdout
    assert "gcloud container fleet multi-cluster-services enable '--project=<your-project-id>'" in text
    assert "apply -f all.yaml" in text
    assert "kind: HealthCheckPolicy" in text
    run("plan", "--project", "p9", "--write", str(tmp_path / "out"), "--model", "m", "--cluster", "c:l")
    assert f"apply -f {tmp_path}/out/all.yaml" in run("plan", "--write", str(tmp_path / "out")).stdout
    assert {file.name for file in (tmp_path / "out").iterdir()} >= {"all.yaml", "gateway.yaml"}
    content = orjson.loads(run("plan", "--json", "--project", "p9").stdout)
    assert len(content["steps"]) > 15
    assert set(content["manifests"]) >= {"httproute.yaml", "svc-export.yaml"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cluster", "a:b", "--cluster", "a:b"], "--cluster a:b: given twice"),
        (["--cluster", "a"], "give NAME:LOCATION"),
        (["--write", "/dev/null/k8s"], r"--write /dev/null/k8s: .*; choose another folder"),
    ],
)
def test_a_plan_of_what_cannot_be_is_refused(words: list[str], message: str) -> None:
    ended = CliRunner().invoke(app, ["plan", *words])
    assert isinstance(ended.exception, UserError)
    assert re.search(message, str(ended.exception))
