"""The commands as a user types them, with the real processes."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nightshift.control.processid import ProcessId
from nightshift.control.up.runs import is_held, read_run

SERVICE = """\
name: demo
engine: emulated
profile: instant
regions:
  us-east-2: {replicas: 1}
  ap-northeast-1: {replicas: 1}
wan: {matrix: {us-east-2: {ap-northeast-1: 4}}}
"""
CHAT = {
    "model": "meta-llama/Llama-3.1-8B-Instruct",
    "messages": [{"role": "user", "content": "Say hello. " * 40}],
    "max_tokens": 5,
}

Nightshift = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "demo.yaml"
    path.write_text(SERVICE)
    return path


@pytest.fixture
def nightshift(file: Path) -> Iterator[Nightshift]:
    """Run a command; whatever it leaves running is ended after the test."""
    del file

    def run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "nightshift", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)

    yield run
    run("down", "--all")


async def ask_each(endpoints: dict[str, str]) -> dict[str, Any]:
    import aiohttp

    async with aiohttp.ClientSession() as http:
        headers = {}
        for region, endpoint in endpoints.items():
            async with http.post(f"{endpoint}/v1/chat/completions", json=CHAT) as response:
                assert response.status == 200, await response.text()
                assert (await response.json())["usage"]["completion_tokens"] == 5
                headers[region] = response.headers
        return headers


def processes() -> dict[str, ProcessId]:
    run = read_run("demo")
    assert run is not None
    return {**run.children, "supervisor": run.supervisor}


def test_a_service_from_up_to_down(nightshift: Nightshift, file: Path) -> None:
    up = nightshift("up", file, "--detach", "--json")
    assert up.returncode == 0, up.stderr
    endpoints = json.loads(up.stdout)["endpoints"]
    assert list(endpoints) == ["us-east-2", "ap-northeast-1"]

    headers = asyncio.run(ask_each(endpoints))
    served = {region: header["x-nightshift-served-by"] for region, header in headers.items()}
    assert served == {"us-east-2": "us-east-2", "ap-northeast-1": "ap-northeast-1"}

    (service,) = json.loads(nightshift("status", "--json").stdout)
    assert service["state"] == "up"
    assert [(r["id"], r["state"], r["pending"]) for r in service["replicas"]] == [
        ("us-east-2-1", "up", 0),
        ("ap-northeast-1-1", "up", 0),
    ]
    assert [(b["id"], b["state"], b["queue"], b["handed_over"]) for b in service["balancers"]] == [
        ("us-east-2-balancer", "up", 0, 0),
        ("ap-northeast-1-balancer", "up", 0, 0),
    ]
    table = nightshift("status").stdout
    assert "ap-northeast-1-balancer" in table
    assert "demo: up" in table

    again = nightshift("up", file, "--detach")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "nightshift: service 'demo' is already up; `nightshift down demo` ends it\n"

    running = processes()
    assert len(running) == 6
    down = nightshift("down")
    assert (down.returncode, down.stdout) == (0, "demo is down\n")
    assert not [name for name, process in running.items() if process.is_running]
    assert nightshift("status").stdout == "no service is up\n"


@pytest.mark.parametrize(("system", "balancer"), [("1", "us-east-2-balancer"), ("sgl", None)])
def test_global_system_is_reached_from_afar(
    nightshift: Nightshift, file: Path, system: str, balancer: str | None
) -> None:
    if balancer is None:
        pytest.importorskip("sglang_router", reason="system 0 is this package")
    up = nightshift("up", file, "--detach", "--json", "--system", system)
    assert up.returncode == 0, up.stderr
    headers = asyncio.run(ask_each(json.loads(up.stdout)["endpoints"]))
    assert {header.get("x-nightshift-balancer") for header in headers.values()} == {balancer}
    assert len(json.loads(nightshift("status", "--json").stdout)[0]["replicas"]) == 2


def test_nothing_outlives_a_killed_supervisor(nightshift: Nightshift, file: Path) -> None:
    assert nightshift("up", file, "--detach").returncode == 0
    running = processes()
    watched = {name: os.pidfd_open(process.pid) for name, process in running.items()}
    os.kill(running["supervisor"].pid, signal.SIGKILL)
    for name, pidfd in watched.items():
        assert ended(pidfd), f"{name} outlived the supervisor"
    assert nightshift("status").stdout.startswith("demo: killed")
    assert nightshift("down", "demo").stdout == "demo was not up any more; what it left is removed\n"


def ended(pidfd: int) -> bool:
    import select

    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    events = poll.poll(30_000)
    os.close(pidfd)
    return bool(events)


def test_in_the_foreground_until_ctrl_c(file: Path) -> None:
    command = [sys.executable, "-m", "nightshift", "up", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as up:
        assert up.stdout is not None
        said = [line for line in iter(up.stdout.readline, "Ctrl-C ends it.\n") if line]
        assert said[0] == "demo is up: emulated engines, system nightshift\n"
        running = processes()
        curl = next(line for line in said if line.startswith("curl "))
        answer = subprocess.run(
            ["bash", "-c", curl.replace("curl ", "curl -sS ")], capture_output=True, check=True
        )
        assert json.loads(answer.stdout)["choices"]
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0
    assert not [name for name, process in running.items() if process.is_running]
    assert not is_held("demo")


def test_ctrl_c_before_a_detached_service_is_up_ends_it(file: Path, nightshift: Nightshift) -> None:
    del nightshift  # ends what a failure of this test leaves
    command = [sys.executable, "-m", "nightshift", "up", "--detach", str(file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
        while not is_held("demo"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it ended with {up.wait(0.02)}")
        up.send_signal(signal.SIGINT)
        assert up.wait(60) != 0
    assert not is_held("demo")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_supervisor_whose_starter_has_gone_goes_on(unbuffered: str) -> None:
    here, there = os.pipe()
    os.close(here)
    say = "from nightshift.control.up.supervisor import _say; _say(event='up')"
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([sys.executable, "-c", say], stdout=there, env=environment, check=False)
    os.close(there)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("up", "nope.yaml"), "cannot read nope.yaml: No such file or directory"),
        (("up", "FILE", "--system", "9"), "unknown system '9'; known are 0 (sgl)"),
        (("up", "FILE", "--port-base", "99999"), "--port-base 99999: the ports"),
        (("up", "FILE", "--port-base", "TAKEN"), "cannot listen on 127.0.0.1:TAKEN"),
        (("up", "FILE", "--detach", "--port-base", "TAKEN"), "cannot listen on 127.0.0.1:TAKEN"),
        (("status", "x"), "no service 'x' is up; none is"),
        (("down",), "no service is up"),
    ],
)
def test_mistakes_are_one_line_and_status_2(
    nightshift: Nightshift, file: Path, words: tuple[str, ...], message: str
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = nightshift(*({"FILE": str(file), "TAKEN": port}.get(word, word) for word in words))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"nightshift: {message.replace('TAKEN', port)}")
    assert result.stderr.count("\n") == 1
    assert read_run("demo") is None


def test_urls_of_the_examples_are_those_of_the_guide() -> None:
    root = Path(__file__).parents[3]
    guide = (root / "docs/how-to/run-locally.md").read_text()
    assert "port: 8101" in (root / "examples/local-emulated.yaml").read_text()
    assert "http://127.0.0.1:8101/v1" in guide
