"""Real processes: they serve one port, a killed one comes back, a reload and the end reach all of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
import pytest

COMMAND = (sys.executable, "-P", "-m", "nightshift", "balancer", "--processes", "2", "--with-parent")
TOKEN = "not-to-be-shown"


def health_of(address: str) -> dict[str, Any]:
    """Ask a process who it is; empty if it does not answer."""
    connection = HTTPConnection(address, timeout=5)
    with suppress(OSError, HTTPException):
        connection.request("GET", "/nightshift/health")
        said: dict[str, Any] = orjson.loads(connection.getresponse().read())
        connection.close()
        return said
    connection.close()
    return {}


def targets_of(address: str) -> dict[str, list[str]]:
    """Ask a process for the ids of its targets; empty if it does not answer."""
    connection = HTTPConnection(address, timeout=5)
    with suppress(OSError, HTTPException, KeyError):
        connection.request("GET", "/nightshift/state", headers={"x-nightshift-peer-token": TOKEN})
        said = orjson.loads(connection.getresponse().read())
        connection.close()
        return {kind: sorted(said[kind]) for kind in ("replica", "peer")}
    connection.close()
    return {}


def until(asked: Callable[[], object], expected: object) -> None:
    """Ask until the answer is as expected; fail with the last one after a while."""
    asked_until = monotonic() + 20
    while (said := asked()) != expected:
        assert monotonic() < asked_until, said


@contextmanager
def running(config: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Run the command; give its process and what it said when all were ready."""
    with subprocess.Popen(
        [*COMMAND, "--config", str(config)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        try:
            assert parent.stdout is not None
            yield parent, orjson.loads(parent.stdout.readline())
        finally:
            parent.kill()  # its children have --with-parent


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def name_of(pid: int) -> str:
    """Return the balancer's name in the settings that a process has inherited."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    fd = words[words.index(b"--config") + 1].decode().rpartition("/")[2]
    name: str = orjson.loads(Path(f"/proc/{pid}/fd/{fd}").read_bytes())["name"]
    return name


@pytest.mark.timeout(60)
def test_they_live_die_reload_and_end_together(tmp_path: Path) -> None:
    config = tmp_path / "b.json"
    settings = {"name": "eu", "region": "europe", "port": 0, "peer_token": TOKEN}
    config.write_bytes(orjson.dumps(settings))
    with running(config) as (parent, ready):
        addresses = {process["name"]: process["address"] for process in ready["processes"]}
        assert list(addresses) == ["eu/0", "eu/1"]
        for name, address in addresses.items():
            assert health_of(address)["name"] == name
        seen = {health_of(ready["address"])["name"] for _ in range(64)}
        assert seen == set(addresses)  # one in 2**63 runs sees one process alone

        children = {name_of(pid): pid for pid in children_of(parent.pid)}
        assert not any(TOKEN.encode() in Path(f"/proc/{p}/cmdline").read_bytes() for p in children.values())
        os.kill(children["eu/0"], signal.SIGKILL)
        until(lambda: health_of(addresses["eu/0"]).get("name"), "eu/0")
        assert children["eu/1"] in children_of(parent.pid)

        replicas = [{"id": f"r{number}", "address": "127.0.0.1:1"} for number in range(2)]
        config.write_bytes(orjson.dumps({**settings, "replicas": replicas}))
        parent.send_signal(signal.SIGHUP)
        until(lambda: targets_of(addresses["eu/0"]), {"replica": ["r0"], "peer": ["eu/1"]})
        until(lambda: targets_of(addresses["eu/1"]), {"replica": ["r1"], "peer": ["eu/0"]})

        last = children_of(parent.pid)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(timeout=20) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in last)


@pytest.mark.parametrize(
    ("settings", "flags", "words"),
    [
        (
            {"peers": [{"id": "eu/0", "address": "127.0.0.1:1"}, {"id": "eu/1", "address": "127.0.0.1:1"}]},
            (),
            "ended with status 2",
        ),
        ({}, ("--division", "own"), "cannot have replicas of their own: there are 0"),
    ],
)
def test_a_mistake_ends_all(
    tmp_path: Path, settings: dict[str, object], flags: tuple[str, ...], words: str
) -> None:
    config = tmp_path / "b.json"
    whole = {"name": "eu", "region": "eu", "port": 0, "peer_token": "a-secret-token", **settings}
    config.write_bytes(orjson.dumps(whole))
    ended = subprocess.run(
        [*COMMAND, "--config", str(config), *flags], capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode in {1, 2}
    assert words in ended.stderr
