"""What setup.py takes for a build."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[1] / "setup.py"
pytest.importorskip("setuptools")


def test_an_unknown_build_is_refused_with_those_that_are_known() -> None:
    asked = {**os.environ, "NIGHTSHIFT_COMPILE": "profile"}
    ended = subprocess.run(
        [sys.executable, SETUP, "--name"],
        env=asked,
        cwd=SETUP.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "NIGHTSHIFT_COMPILE=profile is not known: give one of 1, instrumented, profiled" in ended.stderr
