"""The command as a process: it says when it serves, ends on a signal, and says what is wrong in one line."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import orjson
import pytest

from nightshift.errors import UserError
from nightshift.processes import address_of, bind
from nightshift.proxy.command import _target, balancer

RUN = "import typer; from nightshift.proxy.command import balancer; typer.run(balancer)"


@contextmanager
def process(*flags: str, pass_fds: tuple[int, ...] = ()) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the command; give its process and the address it announced."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
    ) as child:
        try:
            assert child.stdout is not None
            ready = orjson.loads(child.stdout.readline())
            assert ready["event"] == "ready"
            yield child, ready["address"]
        finally:
            child.kill()


def health_of(address: str) -> dict[str, object]:
    connection = HTTPConnection(address, timeout=10)
    connection.request("GET", "/nightshift/health")
    health: dict[str, object] = orjson.loads(connection.getresponse().read())
    connection.close()
    return health


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_ends_on_a_signal(sig: signal.Signals) -> None:
    flags = ("--region", "eu", "--port", "0", "--replica", "http://127.0.0.1:1", "--with-parent")
    with process(*flags) as (child, address):
        assert health_of(address) == {"status": "ok", "name": "eu", "region": "eu"}
        child.send_signal(sig)
        assert child.wait(timeout=20) == 0


def test_a_file_and_an_inherited_socket(tmp_path: Path) -> None:
    config = tmp_path / "b.json"
    config.write_bytes(orjson.dumps({"name": "n", "region": "r"}))
    sock = bind("127.0.0.1", 0)
    fd = sock.fileno()
    with process("--config", str(config), "--fd", str(fd), pass_fds=(fd,)) as (_, address):
        assert address == address_of(sock)
        assert health_of(address)["name"] == "n"
    sock.close()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"system": "9"}, "unknown system '9'"),
        ({"system": "0"}, "not Nightshift's own"),
        ({"replica": ["ftp://x"]}, "replicas.0.address"),
        ({"peer": ["http://h:1"], "peer_token": "a-secret-"}, "expected NAME=URL"),
        ({"peer": ["eu=http://h:1"]}, "no peer_token"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_starts(flags: dict[str, object], words: str) -> None:
    defaults: dict[str, object] = {"config": None, "name": "", "region": "x", "host": "127.0.0.1", "port": 0}
    others: dict[str, object] = {"replica": [], "peer": [], "peer_token": None, "system": "5", "speed": 1.0}
    with pytest.raises(UserError) as raised:
        balancer(**{**defaults, **others, **flags})  # type: ignore[arg-type]  # a table of mixed types
    assert words in str(raised.value)


def test_a_port_in_use_is_said() -> None:
    sock = bind("127.0.0.1", 0)
    with pytest.raises(UserError, match=r"cannot listen on 127\.0\.0\.1"):
        balancer(port=sock.getsockname()[1])
    sock.close()


@pytest.mark.parametrize(
    ("flag", "id_", "address"),
    [
        ("eu/0=http://h:1", "eu/0", "http://h:1"),
        ("eu=h:1", "eu", "h:1"),
        ("http://h:1", "default", "http://h:1"),
    ],
)
def test_a_target_has_its_name_before_its_address(flag: str, id_: str, address: str) -> None:
    assert _target(flag, default="default") == {"id": id_, "address": address}
