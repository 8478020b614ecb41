"""What machines install."""

from pathlib import Path

import pytest

from nightshift import __version__
from nightshift.control.providers.skypilot import source
from nightshift.control.providers.skypilot.source import Source, nightshift_source
from nightshift.errors import UserError

HERE = Path(__file__).parents[4]
THERE = "~/.nightshift/source"


def test_what_is_said_goes_before_where_this_runs_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NIGHTSHIFT_SOURCE", raising=False)
    assert nightshift_source() == Source(THERE, {THERE: str(HERE)})
    monkeypatch.setattr(
        source, "__file__", str(tmp_path / "lib/python3.12/site-packages/nightshift/a/b/c/d.py")
    )
    assert nightshift_source() == Source(f"nightshift=={__version__}", {})
    monkeypatch.setenv("NIGHTSHIFT_SOURCE", "nightshift==9")
    assert nightshift_source() == Source("nightshift==9", {})
    assert nightshift_source(str(HERE)) == Source(THERE, {THERE: str(HERE)})
    wheel = tmp_path / "nightshift-9-py3-none-any.whl"
    wheel.touch()
    assert nightshift_source(str(wheel)).mounts == {f"{THERE}/{wheel.name}": str(wheel)}
    with pytest.raises(UserError, match="is neither a wheel"):
        nightshift_source(str(tmp_path))
