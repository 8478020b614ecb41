"""The command, with a controller that only tells of one service."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.bench.script.views import OHIO, unit, view
from typer.testing import CliRunner

from nightshift.cli import app
from nightshift.control.controller.places import Places
from nightshift.control.serve import contact

ROUTER = unit("svc1-router-1", OHIO, "127.0.0.1:9001", baseline="sglang-router", queue=None)


class Told:
    """Stands for the controller."""

    def services(self, name: str | None = None) -> list[dict[str, Any]]:
        there = view("svc1", baselines=[ROUTER], replicas=[])
        for one in there["balancers"]:
            one.update(dict.fromkeys(("outstanding", "arrived", "handed_over"), 0))
        return [there]

    def logs(self, service: str, unit: str, *, follow: bool) -> Iterator[bytes]:
        yield f"log of {unit}".encode()


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Places.usual().root.mkdir(parents=True)
    monkeypatch.setattr(contact, "ensure", lambda *_, **__: Told())


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["bench", "queue-fetcher", *words], catch_exceptions=True)


@pytest.mark.usefixtures("told")
def test_it_says_ready_and_ends_when_the_file_says_so(tmp_path: Path) -> None:
    signal = tmp_path / "signal"
    signal.write_text("go")
    folder = tmp_path / "out" / "queue_size"

    def stop_it() -> None:
        while signal.read_text().strip() != "ready" or not (folder / "b.txt").exists():
            pass
        while not (folder / "b.txt").read_bytes():
            pass
        signal.write_text("stop")

    thread = threading.Thread(target=stop_it, daemon=True)
    thread.start()
    words = {"a": "svc1/sglang-router", "b": "svc1"}
    done = run(
        *("--exp2backend", orjson.dumps(words).decode(), "-y"),
        *("--output-dir", str(tmp_path / "out"), "--signal-file", str(signal)),
    )
    thread.join(10)
    assert done.exit_code == 0, done.output
    assert f"tail -f {folder / 'b.txt'} | jq" in done.output
    assert "Queue status puller finished" in done.output
    assert (folder / "a.log").read_text() == "log of svc1-router-1"
    assert not (folder / "b.log").exists()


@pytest.mark.usefixtures("told")
def test_without_a_yes_it_asks(tmp_path: Path) -> None:
    done = run("--exp2backend", '{"a": "svc1"}', "--output-dir", str(tmp_path))
    assert done.exit_code == 1
    assert not (tmp_path / "queue_size").exists()


def test_without_a_service_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    done = run("--exp2backend", '{"a": "svc1"}', "-y")
    assert "no service runs" in str(done.exception)
