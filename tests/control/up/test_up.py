"""Up until told to end, with stand-ins for the processes."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nightshift.control.local.child import FleetError
from nightshift.control.local.fleet import LocalFleet
from nightshift.control.local.recipes import Programs
from nightshift.control.processid import ProcessId
from nightshift.control.up import down, status, up
from nightshift.control.up.runs import Run, claim, known_runs
from nightshift.errors import UserError

SERVICE = """\
name: demo
engine: emulated
regions:
  us-east-2: {replicas: 1}
  ap-northeast-1: {replicas: 1}
"""


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: Programs) -> up.Order:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(up, "LocalFleet", functools.partial(LocalFleet, programs=programs))
    file = tmp_path / "demo.yaml"
    file.write_text(SERVICE)
    return up.Order(file)


@pytest.fixture
def heeded() -> Iterator[Callable[[signal.Signals], None]]:
    """Heed a signal that whoever runs the tests may have had ignored."""
    before: dict[signal.Signals, Any] = {}

    def heed(sig: signal.Signals) -> None:
        before[sig] = signal.signal(sig, signal.SIG_DFL)

    yield heed
    for sig, handler in before.items():
        signal.signal(sig, handler)


def run(order: up.Order, on_up: Callable[[Run], None]) -> None:
    up.run(order, on_up=on_up, progress=lambda *_: None)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_up_until_a_signal(
    order: up.Order, sig: signal.Signals, heeded: Callable[[signal.Signals], None]
) -> None:
    heeded(sig)
    seen: list[Run] = []

    def on_up(state: Run) -> None:
        assert known_runs() == [state]
        seen.append(state)
        os.kill(os.getpid(), sig)

    run(order, on_up)

    (state,) = seen
    assert (state.name, state.phase, state.system) == ("demo", "up", "nightshift")
    assert list(state.endpoints) == ["us-east-2", "ap-northeast-1"]
    assert len(state.children) == 5
    assert not any(process.is_running for process in state.children.values())
    assert known_runs() == []


def test_second_up_of_the_name_is_refused(order: up.Order) -> None:
    def on_up(_: Run) -> None:
        try:
            with pytest.raises(UserError, match="already up"):
                run(order, lambda _: pytest.fail("up twice"))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    run(order, on_up)


def test_a_death_is_written_down(order: up.Order) -> None:
    def on_up(state: Run) -> None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://{state.replicas[1].address}/die")

    with pytest.raises(FleetError, match="replica ap-northeast-1-1 ended with status 7"):
        run(order, on_up)

    (left,) = known_runs()
    (said,) = status.status_of([left])
    assert said.state == "failed"
    assert "replica ap-northeast-1-1 ended with status 7" in str(said.problem)
    assert down.end(left) == down.Ended("demo", was_up=False, killed=())
    assert known_runs() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"system": "nope"}, "unknown system 'nope'"),
        ({"port_base": 65535}, "--port-base 65535: the ports"),
        ({"file": Path("/nope.yaml")}, "cannot read"),
    ],
)
def test_mistakes_start_nothing(order: up.Order, change: dict[str, object], message: str) -> None:
    wrong = up.Order(**{"file": order.file, **change})  # type: ignore[arg-type]  # fields of Order by name
    with pytest.raises(UserError, match=message):
        run(wrong, lambda _: pytest.fail("up"))
    assert known_runs() == []


def test_port_base_and_system_replace_those_of_the_file(order: up.Order) -> None:
    plan, system = up.Order(order.file, system="1", port_base=9000).plan()
    assert [region.port for region in plan.regions] == [9000, 9001]
    assert system == "sky_sgl_enhanced"
    assert plan.has_one_entry


@pytest.fixture
def left_behind(order: up.Order) -> Run:
    """What a supervisor leaves that was killed while a child of it did not notice."""
    del order
    command = [sys.executable, "-c", "import signal; print(flush=True); signal.pause()"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    process = ProcessId.of(child.pid)
    assert process is not None
    gone = ProcessId(process.pid, process.started_ticks - 1)
    state = Run(
        name="demo",
        file="f",
        system="s",
        engine="e",
        model="m",
        phase="up",
        supervisor=gone,
        children={"x": process},
    )
    with claim("demo") as claimed:
        claimed.record(state)
    child.stdout.close()
    child.returncode = 0  # it is `down` that ends it here
    return state


def test_down_ends_what_a_killed_supervisor_left(left_behind: Run) -> None:
    (said,) = status.status_of(known_runs())
    assert said.state == "killed"
    assert down.end(left_behind).was_up is False
    assert not left_behind.children["x"].is_running
    assert known_runs() == []


def test_choosing(left_behind: Run) -> None:
    assert down.chosen(None, everything=False) == [left_behind]
    assert down.chosen("demo", everything=False) == [left_behind]
    assert down.chosen(None, everything=True) == [left_behind]
    with pytest.raises(UserError, match="no service 'x' is up; up are: demo"):
        down.chosen("x", everything=False)
    with pytest.raises(UserError, match="not both"):
        down.chosen("demo", everything=True)
    with claim("other") as claimed:
        claimed.record(left_behind.model_copy(update={"name": "other"}))
        with pytest.raises(UserError, match=r"several services are up \(demo, other\)"):
            down.chosen(None, everything=False)
        claimed.forget()
    down.end(left_behind)
    with pytest.raises(UserError, match="no service is up"):
        down.chosen(None, everything=False)
