"""A process is meant for good, not whoever has its number later."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from nightshift.control.processid import ProcessId


def started(code: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", f"print(flush=True); {code}"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def identity(process: subprocess.Popen[bytes]) -> ProcessId:
    found = ProcessId.of(process.pid)
    assert found is not None
    return found


def test_ends_a_process_that_obeys() -> None:
    with started("import signal; signal.pause()") as process:
        assert identity(process).end(grace_s=20)
        assert process.wait() == -signal.SIGTERM


def test_kills_one_that_does_not() -> None:
    with started(
        "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()"
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert not identity(process).end(grace_s=0.05)
        assert process.wait() == -signal.SIGKILL


def test_leaves_alone_who_has_the_number_now() -> None:
    with started("import signal; signal.pause()") as process:
        me = identity(process)
        earlier = replace(me, started_ticks=me.started_ticks - 1)
        assert not earlier.is_running
        assert earlier.end(grace_s=0)
        assert me.is_running
        process.kill()


def test_one_that_has_ended_is_nobody() -> None:
    with started("pass") as process:
        me = ProcessId.of(process.pid)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert ProcessId.of(process.pid) is None, "a zombie counts as gone"
    assert me is None or not me.is_running


def test_this_process() -> None:
    me = ProcessId.of(os.getpid())
    assert me is not None
    assert me.is_running
    with pytest.raises(AttributeError):
        me.pid = 1  # type: ignore[misc]  # it is frozen, which is what is tested
