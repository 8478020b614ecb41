"""The process, as others start it."""

import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from nightshift.errors import UserError
from nightshift.processes import bind
from nightshift.wan.command import app

LINK = {"name": "x", "from": "us-east-2", "to": "ap-northeast-1", "target": "127.0.0.1:9"}
WAN = (sys.executable, "-m", "nightshift.wan")


def _cli(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_relay_serves_inherited_sockets_obeys_its_control_and_ends_on_a_signal(tmp_path: Path) -> None:
    sock, control = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
    spec = {"links": [{**LINK, "listen_fd": sock.fileno()}], "control": {"fd": control.fileno()}}
    path = tmp_path / "wan.json"
    path.write_bytes(orjson.dumps(spec))
    process = subprocess.Popen(
        (*WAN, "run", str(path), "--with-parent"),
        pass_fds=(sock.fileno(), control.fileno()),
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        ready = orjson.loads(process.stdout.readline())
        assert ready["event"] == "ready"
        assert ready["links"] == {"x": f"127.0.0.1:{sock.getsockname()[1]}"}
        where = ("--control", ready["control"])
        assert _cli("cut", "us-east-2", "ap-northeast-1", *where) == "cut: x\n"
        assert orjson.loads(_cli("status", "--json", *where))["links"][0]["forward"]["state"] == "cut"
        assert "us-east-2 > ap-northeast-1" in " ".join(_cli("status", *where).split())
        assert _cli("heal", *where) == "healed: x\n"
        assert _cli("heal", "ap-northeast-1", "us-east-2", *where) == "healed: x\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()
        sock.close()
        control.close()


def test_a_wrong_spec_is_one_line_and_status_2() -> None:
    spec = orjson.dumps({"links": [{**LINK, "to": "mars-1", "listen": "127.0.0.1:0"}]})
    done = subprocess.run((*WAN, "run", "-"), input=spec, capture_output=True, timeout=20, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"nightshift: unknown region 'mars-1'")
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_a_file_that_is_not_there_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*no.json: No such file"):
        _cli("run", str(tmp_path / "no.json"))


def test_healing_takes_both_regions_or_none() -> None:
    with pytest.raises(UserError, match="two regions"):
        _cli("heal", "us-east-2", "--control", "127.0.0.1:1")


def test_help_teaches() -> None:
    assert '"target": "127.0.0.1:8000"' in " ".join(_cli("run", "--help").split()).replace("│ ", "")
