"""`nightshift baseline up`, `status`, `down`, with a stand-in for the controller."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from nightshift.control.baselines import command
from nightshift.errors import UserError


class Stub:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bool]] = []

    def services(self, name: str | None = None) -> Sequence[Mapping[str, Any]]:
        row = {"baseline": "sglang-router", "status": "READY", "endpoint": "127.0.0.1:9001", "region": "a"}
        services: list[dict[str, Any]] = [
            {"name": "svc1", "baselines": [row]},
            {"name": "svc3", "baselines": []},
        ]
        return [one for one in services if name in (None, one["name"])]

    def baseline(self, service: str, kind: str, *, wanted: bool) -> None:
        self.asked.append((service, kind, wanted))


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    stub = Stub()
    monkeypatch.setattr(command, "_controller", lambda: stub)
    return stub


def run(*args: str) -> str:
    result = CliRunner().invoke(command.app, list(args), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_up_and_down_ask_the_controller(stub: Stub) -> None:
    assert "svc1" in run("up", "sglang-router", "--service", "svc1")
    run("up", "sglang-router-pull", "--service", "svc2")
    run("down", "sglang-router", "--service", "svc1")
    assert stub.asked == [
        ("svc1", "sglang-router", True),
        ("svc2", "sglang-router-pull", True),
        ("svc1", "sglang-router", False),
    ]


def test_an_unknown_kind_is_refused(stub: Stub) -> None:
    assert CliRunner().invoke(command.app, ["up", "nginx", "--service", "svc1"]).exit_code == 2
    assert stub.asked == []


@pytest.mark.usefixtures("stub")
def test_status() -> None:
    assert run("status").split() == ["svc1", "sglang-router", "READY", "127.0.0.1:9001"]
    assert orjson.loads(run("status", "--json"))[0]["service"] == "svc1"
    assert "no baseline" in run("status", "--service", "svc3")


def test_without_any_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(UserError, match="serve up"):
        run("status")
