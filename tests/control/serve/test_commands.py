"""The commands `nightshift serve ...`, with a controller that only takes notes."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from nightshift.control.controller.places import Places
from nightshift.control.serve import contact, waiting
from nightshift.control.serve.commands import app
from nightshift.errors import NightshiftError, UserError

FILE = """\
name: demo
service:
  engine: emulated
  replicas: 3
resources:
  ordered: [{region: us-east-2}, {region: ap-northeast-1}]
"""


class Notes:
    """Stands for the controller."""

    def __init__(self) -> None:
        self.up: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, ...]] = []
        self.envs: Mapping[str, str] = {}
        self.left: list[str] = []

    def services(self, name: str | None = None) -> list[dict[str, Any]]:
        if name is not None and name not in self.up:
            raise UserError(f"no service {name!r}; known: there is none")
        return [view for known, view in self.up.items() if name in (None, known)]

    def begin(self, name: str, text: str, source: str, envs: Mapping[str, str]) -> None:
        self.calls.append(("begin", name, source))
        self.envs = envs
        self.up[name] = view_of(name)

    def update(self, name: str, text: str, source: str, envs: Mapping[str, str], *, mode: str) -> int:
        self.services(name)
        self.calls.append(("update", name, mode))
        self.up[name] = view_of(name, version=2)
        return 2

    def end(self, name: str, *, purge: bool) -> None:
        self.calls.append(("end", name, "purge" if purge else ""))
        del self.up[name]

    def leftovers(self, name: str) -> list[str]:
        return self.left

    def stop(self) -> None:
        self.calls.append(("stop",))

    def logs(self, service: str, unit: str, *, follow: bool) -> Iterator[bytes]:
        self.services(service)
        yield from (f"{unit} of {service}\n".encode(), b"\xff\n")


def view_of(name: str, version: int = 1) -> dict[str, Any]:
    unit = {"version": version, "status": "READY", "zone": "", "launched": 0.0, "problem": "", "gone": False}
    unit |= {"resources": "1x process", "region": "us-east-2", "endpoint": "127.0.0.1:1", "id": 1}
    load = dict.fromkeys(("outstanding", "pending", "running", "kv_use", "prefix_hit_rate"), 0)
    replica = unit | load | {"name": f"{name}-r1"}
    balancer = unit | load | {"name": f"{name}-b1", "replicas": [f"{name}-r1"]}
    balancer |= dict.fromkeys(("queue", "handed_over", "arrived", "matched"), 0)
    return {
        "name": name,
        "version": version,
        "status": "READY",
        "uptime_s": 61.0,
        "replicas_ready": 1,
        "replicas_total": 1,
        "balancers_ready": 1,
        "balancers_total": 1,
        "endpoint": "127.0.0.1:1",
        "endpoints": {"us-east-2": "http://127.0.0.1:1"},
        "problem": "",
        "autoscaling_policy": "Fixed 1 replica",
        "load_balancing_policy": "prefix_tree",
        "requested_resources": "1x[CPU]",
        "prefix_hit_rate": None,
        "replicas": [replica],
        "balancers": [balancer],
        "baselines": [],
    }


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "demo.yaml"
    path.write_text(FILE)
    return str(path)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """A controller that runs, and has a state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Places.usual().root.mkdir(parents=True)
    notes = Notes()
    monkeypatch.setattr(contact, "ensure", lambda *_, **__: notes)
    return notes


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No controller, and none may be started."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a controller would be started")

    monkeypatch.setattr(contact, "ensure", refuse)


def run(*arguments: str) -> Result:
    """Run a command that succeeds."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def refusal(*arguments: str) -> str:
    """Run a command that the user can mend; return what it says."""
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, UserError), (result.output, result.exception)
    return str(result.exception)


@pytest.mark.usefixtures("nobody")
def test_a_dry_run_shows_the_plan_and_begins_nothing(file: str) -> None:
    said = run("up", file, "--dry-run").stdout
    assert "Service demo on local, system nightshift" in said
    assert "us-east-2            2 replicas, load balancer" in said
    assert "ap-northeast-1       1 replica, load balancer" in said
    plan = orjson.loads(run("up", file, "-n", "other", "--dry-run", "--json").stdout)
    assert plan["name"] == "other"
    assert plan["replicas"] == {"us-east-2": 2, "ap-northeast-1": 1}
    assert [balancer["added"] for balancer in plan["load_balancers"]] == [True, True]


@pytest.mark.usefixtures("nobody")
def test_without_a_terminal_nobody_is_asked(file: str) -> None:
    assert not os.isatty(0)
    assert refusal("up", file) == "Launch service 'demo'? Nobody can be asked here: give --yes"
    assert "Update service 'demo'? Nobody can be asked here" in refusal("update", "demo", file)


def test_without_a_terminal_nothing_is_ended(notes: Notes) -> None:
    notes.up = {"a": view_of("a"), "b": view_of("b")}
    assert refusal("down", "-a") == "End a, b? Nobody can be asked here: give --yes"
    assert refusal("down", "a") == "End a? Nobody can be asked here: give --yes"
    assert notes.calls == []


@pytest.mark.usefixtures("nobody")
def test_without_a_controller_there_is_no_service_and_none_is_started() -> None:
    assert "No live services." in run("status").stdout
    assert orjson.loads(run("status", "--json").stdout) == []
    assert refusal("status", "demo") == "no service 'demo'; none runs"
    assert refusal("down", "demo", "-y") == "no service 'demo'; none runs"
    assert run("down", "-a", "-y").stdout == "no service is up\n"
    assert orjson.loads(run("down", "-a", "-y", "--json").stdout) == []
    assert "the controller has no log at" in refusal("logs", "controller")


@pytest.mark.usefixtures("nobody")
def test_what_is_wrong_is_told_before_a_controller_is_needed(file: str, tmp_path: Path) -> None:
    assert "no-such.yaml" in refusal("up", str(tmp_path / "no-such.yaml"), "-y")
    assert "allowed" in refusal("up", file, "-y", "-n", "../x")
    assert "--env NAME: not set in this environment" in refusal("up", file, "-y", "--env", "NAME")
    assert refusal("update", "demo", file, "-y", "--mode", "at once").startswith("--mode at once: choose")
    assert refusal("down", "-y") == "name the services to end, or give --all"
    assert refusal("down", "demo", "-a", "-y") == "name the services to end, or give --all"
    Path(file).write_text(FILE.replace("replicas: 3", "replicas: 0"))
    assert f"{file}:4: service.replicas: found 0" in refusal("up", file, "-y")


def test_up_begins_and_prints_where_to_ask(notes: Notes, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hush-hush")
    result = run("up", file, "-y", "--env", "HF_TOKEN", "--env", "B=c")
    assert notes.calls == [("begin", "demo", file)]
    assert notes.envs == {"HF_TOKEN": "hush-hush", "B": "c"}
    assert "demo is ready, version 1" in result.stdout
    assert "us-east-2            http://127.0.0.1:1/v1" in result.stdout
    assert "hush-hush" not in result.output


def test_json_is_all_of_the_output(notes: Notes, file: str) -> None:
    assert orjson.loads(run("up", file, "-y", "--json").stdout)["endpoints"] == {
        "us-east-2": "http://127.0.0.1:1"
    }
    assert orjson.loads(run("update", "demo", file, "-y", "--json").stdout)["version"] == 2
    assert [one["name"] for one in orjson.loads(run("status", "--json").stdout)] == ["demo"]
    assert orjson.loads(run("down", "demo", "-y", "--json").stdout) == [{"name": "demo", "leftovers": []}]


def test_json_asks_nothing_and_does_nothing_unasked(notes: Notes, file: str) -> None:
    notes.up = {"other": view_of("other")}
    for words in (
        ("up", file),
        ("update", "other", file),
        ("down", "other"),
        ("down", "-a"),
        ("launch-systems", file),
    ):
        assert refusal(*words, "--json") == "--json asks nothing: give --yes as well"
    assert notes.calls == []


def test_async_does_not_wait(notes: Notes, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "until_ready", None)  # a call would fail
    assert "demo is being launched" in run("up", file, "-y", "--async").stdout
    assert "demo: version 2" in run("update", "demo", file, "-y", "--async", "--mode", "blue_green").stdout
    assert notes.calls[-1] == ("update", "demo", "blue_green")


def test_status_is_three_tables(notes: Notes) -> None:
    notes.up = {"demo": view_of("demo")}
    notes.up["demo"]["replicas"].append({**view_of("demo")["replicas"][0], "status": "FAILED", "gone": True})
    notes.up["demo"]["problem"] = "demo-r2: was killed by SIGKILL"
    said = run("status").stdout
    for title in ("Services\n", "Service Replicas\n", "External Load Balancers\n"):
        assert title in said
    assert "1m 1s" in said
    assert "FAILED" not in said
    assert "demo: demo-r2: was killed by SIGKILL" in said
    assert "FAILED" in run("status", "-a").stdout
    assert "KV_USE" in run("status", "-v").stdout


def test_names_that_nobody_has(notes: Notes, file: str) -> None:
    assert refusal("status", "other").startswith("no service 'other'; known:")
    assert refusal("update", "other", file, "-y").startswith("no service 'other'; known:")
    assert refusal("logs", "other", "replica-1").startswith("no service 'other'; known:")
    assert refusal("down", "other", "-y").startswith("no service 'other'; known:")
    notes.up = {"demo": view_of("demo")}
    assert refusal("down", "demo", "other", "-y") == "no service 'other'; known: demo"
    assert notes.calls == [], "all are known, or none is ended"


def test_down_ends_each_once_and_with_all_the_controller_too(notes: Notes) -> None:
    notes.up = {"a": view_of("a"), "b": view_of("b")}
    assert run("down", "a", "a", "-y").stdout == "a is down; nothing remains\n"
    assert notes.calls == [("end", "a", "")]
    run("down", "-a", "-y")
    assert notes.calls[1:] == [("end", "b", ""), ("stop",)]


def test_of_two_that_end_a_service_neither_fails(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    notes.up = {"a": view_of("a"), "b": view_of("b")}
    end = notes.end

    def too_late(name: str, *, purge: bool) -> None:
        end(name, purge=purge)  # the other's
        notes.services(name)  # and ours: it is unknown by now

    monkeypatch.setattr(notes, "end", too_late)
    run("down", "-a", "-y")
    assert notes.up == {}


def test_what_remains_is_named_and_a_failure(notes: Notes) -> None:
    notes.up = {"a": view_of("a")}
    notes.left = ["process 1 of a-r1"]
    result = CliRunner().invoke(app, ["down", "a", "-y"])
    assert result.exit_code == 1
    assert "a is down, but this could not be removed:\n  process 1 of a-r1" in result.stderr


def test_a_log_is_passed_on_as_it_is(notes: Notes) -> None:
    notes.up = {"demo": view_of("demo")}
    assert run("logs", "demo", "replica-1").stdout_bytes == b"replica-1 of demo\n\xff\n"
    Places.usual().log.write_text("the controller's\n")
    assert run("logs", "controller").stdout == run("logs", "demo").stdout == "the controller's\n"


def test_a_service_that_is_ended_while_it_starts(
    notes: Notes, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "begin", lambda *_: None)
    result = CliRunner().invoke(app, ["up", file, "-y"])
    assert isinstance(result.exception, NightshiftError)
    assert str(result.exception) == "service 'demo' was ended while it started"


def test_six_services_from_one_file(notes: Notes, file: str) -> None:
    run("launch-systems", file, "-y", "--prefix", "svc")
    assert [call[1] for call in notes.calls] == [f"svc{number}" for number in range(1, 7)]


def test_the_schema_is_json() -> None:
    assert "properties" in orjson.dumps(orjson.loads(run("schema").stdout)).decode()
