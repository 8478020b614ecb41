"""Commands that come at once, or in the middle of another."""

import os
import signal
import subprocess

import pytest
from tests.scenarios.serve.bed import HERE, THERE, Bed, free_ports, until

from nightshift.control.processid import ProcessId


def ended(command: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a command; return its status and what it said."""
    out, err = command.communicate(timeout=60)
    assert "Traceback" not in err, err
    return command.returncode, out + err


def test_down_in_the_middle_of_up_leaves_nothing(bed: Bed) -> None:
    ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
    up = bed.begin("up", str(bed.file(ports, replicas=4)), "-y")
    until(lambda: bed.programs()["engine"] >= 1, "it has begun")
    for pid, command in bed.processes():
        if "backends.emulated" in command:
            os.kill(pid, signal.SIGSTOP)  # else it may be up before anybody can end it
    bed.cli("down", "demo", "-y")
    status, said = ended(up)
    assert status != 0
    assert "service 'demo' was ended while it started" in said
    assert set(bed.programs()) <= {"controller"}


@pytest.mark.long
def test_of_two_that_begin_one_name_one_wins(bed: Bed) -> None:
    file = str(bed.file({HERE: 0} | dict.fromkeys((HERE,), free_ports(1)[0])))
    results = [ended(command) for command in [bed.begin("up", file, "-y") for _ in range(2)]]
    assert sorted(status for status, _ in results) == [0, 2]
    loser = next(said for status, said in results if status)
    assert "there is a service 'demo' already; `nightshift serve update` changes it" in loser
    assert bed.programs() == {"engine": 1, "balancer": 1, "controller": 1}


@pytest.mark.long
def test_two_services_begin_at_once_and_end_at_once(bed: Bed) -> None:
    ports = free_ports(2)
    files = [str(bed.file({HERE: port}, name=name)) for port, name in zip(ports, ("a", "b"), strict=True)]
    for command in [bed.begin("up", file, "-y") for file in files]:
        status, said = ended(command)
        assert status == 0, said
    assert bed.programs() == {"engine": 2, "balancer": 2, "controller": 1}
    for command in [bed.begin("down", name, "-y") for name in ("a", "b")]:
        status, said = ended(command)
        assert status == 0, said
    assert bed.programs() == {"controller": 1}


@pytest.mark.long
def test_two_services_cannot_have_one_port(bed: Bed) -> None:
    (port,) = free_ports(1)
    files = [str(bed.file({HERE: port}, name=name)) for name in ("a", "b")]
    results = [ended(command) for command in [bed.begin("up", file, "-y") for file in files]]
    assert sorted(status for status, _ in results) == [0, 2]
    assert f"127.0.0.1:{port}" in next(said for status, said in results if status)
    assert bed.programs() == {"engine": 1, "balancer": 1, "controller": 1}


@pytest.mark.long
def test_a_command_right_after_the_controller_was_told_to_end_finds_another(bed: Bed) -> None:
    file = str(bed.file({HERE: free_ports(1)[0]}))
    bed.cli("status")
    for _ in range(3):
        bed.cli("down", "-a", "-y")
        bed.cli("up", file, "-y", "--async")
    bed.until(lambda view: view["status"] == "READY", "the last one serves")
    bed.cli("down", "-a", "-y")


@pytest.mark.long
def test_who_follows_a_log_does_not_keep_the_controller_from_ending(bed: Bed) -> None:
    bed.cli("up", str(bed.file({HERE: free_ports(1)[0]})), "-y")
    (controller,) = [pid for pid, command in bed.processes() if "controller.main" in command]
    process = ProcessId.of(controller)
    assert process is not None
    follower = bed.begin("logs", "demo", "replica-1", "-f")
    assert follower.stdout is not None
    assert '"ready"' in follower.stdout.readline()
    bed.tell(process, signal.SIGTERM)
    until(lambda: not process.is_running, "the controller has ended")
    ended(follower)
    assert bed.view_by_command()["status"] == "READY"
    assert bed.programs() == {"engine": 1, "balancer": 1, "controller": 1}
