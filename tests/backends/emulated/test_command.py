"""The process: it says where it serves, serves, and ends when told."""

import math
import signal
import subprocess
import sys
import urllib.request

import orjson
import pytest

from nightshift.backends.emulated.options import EngineOptions, profile_named
from nightshift.engine.profiles import PROFILES
from nightshift.errors import UserError
from nightshift.processes import address_of, bind

ENGINE = [sys.executable, "-m", "nightshift.backends.emulated"]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_serves_on_an_inherited_socket_and_ends_cleanly(signum: signal.Signals) -> None:
    with bind("127.0.0.1", 0) as sock:
        fd = str(sock.fileno())
        with subprocess.Popen(
            [*ENGINE, "--profile", "instant", "--fd", fd, "--replica-id", "r7", "--with-parent"],
            stdout=subprocess.PIPE,
            pass_fds=[sock.fileno()],
        ) as process:
            try:
                assert process.stdout is not None
                ready = orjson.loads(process.stdout.readline())
                assert (ready["event"], ready["address"]) == ("ready", address_of(sock))
                with urllib.request.urlopen(f"http://{ready['address']}/health", timeout=10) as reply:
                    assert orjson.loads(reply.read())["replica"] == "r7"
                process.send_signal(signum)
                assert process.wait(timeout=20) == 0
            finally:
                process.kill()


def test_mistakes_end_in_one_line_and_status_2() -> None:
    done = subprocess.run([*ENGINE, "--profile", "tpu"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "l4-llama-3.1-8b" in done.stderr


def test_profiles_are_listed() -> None:
    done = subprocess.run([*ENGINE, "--list-profiles"], capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(PROFILES)


def test_options_are_checked() -> None:
    with pytest.raises(UserError, match="no engine profile 'x'"):
        profile_named("x")
    for speed in (0, math.nan, math.inf):
        with pytest.raises(UserError, match="speed"):
            EngineOptions(PROFILES["instant"], "m", speed=speed)
