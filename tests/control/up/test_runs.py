"""Who runs what is known to all, and held by one."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nightshift.control.controller.places import Places
from nightshift.control.processid import ProcessId
from nightshift.control.up.runs import Run, claim, folder_of, is_held, known_runs, read_run, state_folder
from nightshift.errors import UserError


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def a_run(name: str) -> Run:
    me = ProcessId.of(os.getpid())
    assert me is not None
    return Run(
        name=name, file="f.yaml", system="nightshift", engine="emulated", model="m", phase="up", supervisor=me
    )


def test_what_is_recorded_is_read_and_private() -> None:
    with claim("a") as claimed:
        claimed.record(a_run("a"))
        assert known_runs() == [a_run("a")]
        assert is_held("a")
        assert stat.S_IMODE((folder_of("a") / "run.json").stat().st_mode) == 0o600
        claimed.forget()
        assert known_runs() == []
    assert not is_held("a")


def test_second_claim_is_refused_and_another_name_is_not() -> None:
    with (
        claim("a"),
        claim("b"),
        pytest.raises(UserError, match="'a' is already up; `nightshift down a`"),
        claim("a"),
    ):
        pytest.fail("claimed twice")
    with claim("a"):
        pass


@pytest.mark.parametrize("name", [Places.usual().root.name, "clients"])
def test_a_name_whose_folder_is_somebody_elses_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"can be called '{name}'"), claim(name):
        pytest.fail("claimed")
    assert not folder_of(name).exists()


def test_claim_ends_with_its_process_however_that_ends() -> None:
    code = "import os; from nightshift.control.up.runs import claim\n"
    code += "with claim('a'): print(flush=True); os.read(0, 1)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert is_held("a")
        process.kill()
    assert not is_held("a")


def test_unwritable_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"cannot write in .*set XDG_STATE_HOME"), claim("a"):
        pytest.fail("claimed without a folder")


def test_relative_state_home_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "somewhere")
    assert state_folder() == Path.home() / ".local" / "state" / "nightshift"


def test_a_damaged_run_file_is_named() -> None:
    folder_of("a").mkdir(parents=True)
    (folder_of("a") / "run.json").write_text("{")
    with pytest.raises(UserError, match=r"a/run\.json is not what nightshift writes"):
        known_runs()
    assert read_run("b") is None
