"""`nightshift bench gen-cmd`, with a controller that only tells of services on a cloud."""

from pathlib import Path
from typing import Any

import pytest
from tests.bench.script.views import OHIO, unit, view
from typer.testing import CliRunner, Result

from nightshift.bench.script import endpoints
from nightshift.cli import app
from nightshift.control.controller.places import Places
from nightshift.control.serve import contact

SYSTEMS = {
    "svc3": "sky_pull_pull",
    "svc4": "sky_push_pull",
    "svc5": "sky_push_push",
    "svc6": "sky_pull_pull_rate_limit",
}
SEED = (
    *("--exp-name", "arena_syn_mrc_tail_c2000_u150_d240"),
    *("--extra-args", "--workload arena_syn --duration 240 --num-conv 2000 --num-users 150"),
    *("--regions", "us-east-2", "ap-northeast-1"),
)
"""As the benchmark's document has it, but for the names of services."""


class Told:
    """Stands for the controller of six services, two of them with a baseline."""

    def services(self, name: str | None = None) -> list[dict[str, Any]]:
        sgl = unit("svc1-router-1", OHIO, "3.0.9.1:9001", baseline="sglang-router")
        pull = unit("svc2-router-1", OHIO, "3.0.9.2:9002", baseline="sglang-router-pull")
        before = [view("svc1", baselines=[sgl]), view("svc2", baselines=[pull])]
        return before + [view(name, system) for name, system in SYSTEMS.items()]


@pytest.fixture(autouse=True)
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def model(_: object) -> str:
        return "a-model"

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Places.usual().root.mkdir(parents=True)
    monkeypatch.setattr(contact, "ensure", lambda *_, **__: Told())
    monkeypatch.setattr(endpoints, "first_model_of", model)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["bench", "gen-cmd", *words])


def refused(*words: str) -> str:
    done = run(*words)
    assert done.exit_code != 0
    return str(done.exception)


def test_the_documents_command_as_it_stands(tmp_path: Path) -> None:
    names = [f"svc{number}" for number in range(1, 7)]
    done = run(
        "--service-names", *names, *SEED, "--gke-endpoint", "34.1.2.3:80", "--output-dir", str(tmp_path)
    )
    assert done.exit_code == 0, done.output
    script = tmp_path / "result" / "scripts" / "arena_syn_mrc_tail_c2000_u150_d240.bash"
    assert f"Run with: bash {script}" in done.output.replace("\n", "")
    text = script.read_text()
    assert "CLIENTS=(--provider=skypilot --name=llmc --resources=cloud=aws)" in text
    for number, endpoint in enumerate(["3.0.9.1:9001", "3.0.9.2:9002", *["3.0.0.1:8000"] * 4, "34.1.2.3:80"]):
        function = text.split(f"submit_{number}() {{")[1].split("}")[0]
        assert f"--endpoint={endpoint}" in function.split("ap-northeast-1")[0]


def test_a_dry_run_prints_it_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("--service-names", "svc3", "--run-systems", "2", *SEED, "--output-dir", str(out))
    done = run(*words, "--dry-run")
    assert done.output.startswith("#!/usr/bin/env bash\n")
    assert not out.exists()


def test_a_name_in_use_is_kept_and_gets_a_number(tmp_path: Path) -> None:
    words = ("--service-names", "svc3", "--run-systems", "2", *SEED, "--output-dir", str(tmp_path))
    assert "_d240.bash" in run(*words).output.replace("\n", "")
    assert "_d240_v1.bash" in run(*words).output.replace("\n", "")


def test_endpoints_that_are_no_services_need_to_say_where_clients_run(tmp_path: Path) -> None:
    words = ("--service-names", "10.0.0.1:8000", "--run-systems", "2", *SEED, "--output-dir", str(tmp_path))
    assert "--provider" in refused(*words)
    assert run(*words, "--provider", "local").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--service-names", "svc9", "--run-systems", "2"), "no service 'svc9'; known: svc1"),
        (("--service-names", "svc4", "--run-systems", "2"), "svc4 runs sky_push_pull"),
        (("--service-names", "svc3", "--run-systems", "2", "3"), "1 names, 2 are wanted"),
        (("--service-names", "svc3", "--run-systems", "0"), "baseline up sglang-router --service svc3"),
        (("--run-systems", "6"), "--gke-endpoint"),
        (("--run-systems", "none-such"), "unknown system"),
        (("--service-names", "svc3", "--run-systems", "2", "--provider", "moon"), "choose local or skypilot"),
    ],
)
def test_what_cannot_be_meant_writes_nothing(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    assert said in refused(*words, *SEED, "--output-dir", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a/b", ".a", "", "ä", "a" * 61, "a b"])
def test_a_name_that_cannot_be_one_of_a_file(tmp_path: Path, name: str) -> None:
    words = ("--service-names", "svc3", "--run-systems", "2", *SEED[2:], "--output-dir", str(tmp_path))
    assert "--exp-name" in refused("--exp-name", name, *words)
