"""Values of `--env` are not to be seen in the list of processes."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from nightshift.control.serve import commands
from nightshift.control.serve.hiding import values_in
from nightshift.errors import UserError

_SHOW = """
import sys
from nightshift.control.serve.hiding import hide_env_values
hide_env_values()
sys.stdout.buffer.write(open("/proc/self/cmdline", "rb").read())
"""


def test_what_the_kernel_shows() -> None:
    words = ["up", "f.yaml", "--env", "A=first-secret", "-n", "x=y", "--env=B=second=secret", "--env", "C"]
    done = subprocess.run([sys.executable, "-c", _SHOW, *words], capture_output=True, check=True)
    shown = done.stdout.decode().split("\0")[3:-1]
    first, second = "*" * len("first-secret"), "*" * len("second=secret")
    assert shown == ["up", "f.yaml", "--env", f"A={first}", "-n", "x=y", f"--env=B={second}", "--env", "C"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([b"--env", b"--env=", b"--env=A=v", b"A=v", b"=", b"", b"--env=A", b"-n"])))
def test_only_values_are_found(words: list[bytes]) -> None:
    shown = b"".join(word + b"\0" for word in words)
    found = [shown[at : at + length] for at, length in values_in(shown)]
    assert set(found) <= {b"v", b""}
    assert len(found) >= words.count(b"--env=A=v")


@pytest.mark.parametrize(
    "words", [["up", "none.yaml"], ["update", "x", "none.yaml"], ["launch-systems", "no"]]
)
def test_commands_hide_them_before_they_do_anything(
    monkeypatch: pytest.MonkeyPatch, words: list[str], tmp_path: Path
) -> None:
    hidden: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "hide_env_values", lambda: hidden.append("yes"))
    ended = CliRunner().invoke(commands.app, [*words, "--env", "A=secret"])
    assert isinstance(ended.exception, UserError)
    assert hidden == ["yes"]
