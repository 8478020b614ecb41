"""Client machines on clouds: every call fits SkyPilot's real signatures, every task its own classes."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.control.providers.skypilot.recorded import Recorded, State

from nightshift.bench.script.clients.base import Job, JobState
from nightshift.bench.script.clients.skypilot import SkyPilotClients
from nightshift.control.providers.base import ProviderError
from nightshift.control.providers.skypilot.jobs import IDLE_MINUTES, copy_from, job_task, machine_task
from nightshift.control.providers.skypilot.source import Source

HERE, CLUSTER = "us-east-2", "nightshift-llmc-client-us-east-2"
WORDS = ("--endpoint=svc3.example.org:8000", "--seed=it's one", "--num-users=150")
JOB = Job("try_sgl", HERE, 1000.0, 900.0, WORDS, {"HF_TOKEN": "hf_hush"})


class Bench:
    """Clients with a SkyPilot that keeps its clusters in memory."""

    def __init__(self) -> None:
        self.sky = Recorded()
        self.copied: list[tuple[str, str, Path]] = []
        self.clients = SkyPilotClients(
            "llmc", {"cloud": "aws"}, sky=self.sky, copy=lambda *what: self.copied.append(what)
        )

    def up(self, *, reload: bool = False) -> None:
        asyncio.run(self.clients.up(HERE, reload=reload))
        self.sky.finish(CLUSTER)

    def state(self) -> JobState:
        return asyncio.run(self.clients.state(HERE, JOB.name))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("NIGHTSHIFT_SOURCE", "nightshift==0.1.0")
    return Bench()


def test_a_machine_is_launched_with_nightshift_and_ends_by_itself(bench: Bench) -> None:
    bench.up()
    (call,) = [said for name, said in bench.sky.calls if name == "launch"]
    assert call["cluster_name"] == CLUSTER
    assert call["how"] == {"idle_minutes_to_autostop": IDLE_MINUTES, "down": True, "fast": False}
    assert call["task"]["resources"] == {"cpus": "8+", "cloud": "aws", "region": HERE}
    assert "nightshift[bench]==0.1.0" in call["task"]["setup"]


def test_one_that_is_up_is_left_unless_it_is_to_be_set_up_anew(bench: Bench) -> None:
    bench.up()
    bench.up()
    assert bench.sky.count("launch") == 1
    bench.up(reload=True)
    assert bench.sky.count("launch") == 2


def test_a_job_and_its_states(bench: Bench) -> None:
    bench.up()
    assert bench.state() is JobState.ABSENT
    asyncio.run(bench.clients.submit(JOB))
    assert bench.state() is JobState.RUNNING
    job = bench.sky.there[CLUSTER]["jobs"][-1]
    for said, state in (
        (State.SETTING_UP, JobState.PENDING),
        (State.SUCCEEDED, JobState.SUCCEEDED),
        (State.FAILED_SETUP, JobState.FAILED),
    ):
        job["status"] = said
        assert bench.state() is state
    asyncio.run(bench.clients.submit(JOB))
    assert bench.state() is JobState.RUNNING  # the last of its name
    asyncio.run(bench.clients.cancel(HERE, JOB.name))
    assert bench.state() is JobState.FAILED


def test_its_files_are_copied_from_where_it_writes_them(bench: Bench, tmp_path: Path) -> None:
    bench.up()
    asyncio.run(bench.clients.submit(JOB))
    asyncio.run(bench.clients.fetch(HERE, JOB.name, tmp_path))
    ((cluster, there, here),) = bench.copied
    (call,) = [said for name, said in bench.sky.calls if name == "exec"]
    assert f"'--folder=~/{there}'" in call["task"]["run"]
    assert (cluster, here) == (CLUSTER, tmp_path)


def test_log_and_down(bench: Bench) -> None:
    bench.up()
    asyncio.run(bench.clients.submit(JOB))
    bench.sky.there[CLUSTER]["job"] = State.SUCCEEDED
    assert "log of" in asyncio.run(bench.clients.log(HERE, JOB.name))
    for _ in range(2):
        asyncio.run(bench.clients.down(HERE))
    assert bench.sky.there == {}


def test_what_the_cloud_refuses_is_said_in_words(bench: Bench) -> None:
    bench.sky.launch_error = ValueError("no such thing")
    with pytest.raises(ProviderError, match="llmc-client-us-east-2: no such thing"):
        bench.up()


def test_a_job_shows_no_secret_and_its_words_come_through_the_shell(bench: Bench, tmp_path: Path) -> None:
    bench.up()
    asyncio.run(bench.clients.submit(JOB))
    (call,) = [said for name, said in bench.sky.calls if name == "exec"]
    task: dict[str, Any] = call["task"]
    assert task["secrets"] == {"HF_TOKEN": "hf_hush"}
    assert "hf_hush" not in task["run"]
    (tmp_path / ".nightshift" / "venv" / "bin").mkdir(parents=True)
    command = tmp_path / ".nightshift" / "venv" / "bin" / "nightshift"
    command.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    command.chmod(0o700)
    done = subprocess.run(
        ["bash", "-c", task["run"]],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == JOB.command("~/.nightshift/bench/try_sgl")


def test_skypilot_takes_the_tasks() -> None:
    sky = pytest.importorskip("sky")
    for resources in (
        {"cloud": "aws", "region": HERE},
        {"infra": "gcp/us-central1"},
        {"infra": "k8s/context"},
    ):
        machine = machine_task("llmc-client-x", HERE, resources, Source("nightshift==0.1.0", {}))
        task = sky.Task.from_yaml_config(machine)
        assert task.run is not None
    task = sky.Task.from_yaml_config(job_task(JOB.name, "nightshift bench clients job", JOB.envs))
    assert task.name == JOB.name
    assert "HF_TOKEN" in task.secrets


def test_copying_names_the_program_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProviderError, match="no program sky"):
        copy_from(CLUSTER, "x", tmp_path)


def test_copying_asks_sky_for_the_way_and_scp_for_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    for name, status in (("sky", 0), ("scp", 1)):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {notes}\necho "it says no" >&2\nexit {status}\n')
        program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ProviderError, match="scp -q said: it says no"):
        copy_from(CLUSTER, ".nightshift/bench/j", tmp_path / "to")
    assert notes.read_text().splitlines() == [
        f"sky status {CLUSTER}",
        f"scp -q -r {CLUSTER}:.nightshift/bench/j/. {tmp_path / 'to'}",
    ]
