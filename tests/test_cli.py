"""A mistake of the user's ends in one line that names the cure, status 2, and nothing started."""

import sys
from pathlib import Path

import pytest

from nightshift import __version__
from nightshift.build import is_compiled
from nightshift.cli import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["nightshift", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("flag", "value", "cure"),
    [
        ("--systems", "9", "known are 0 (sgl)"),
        ("--regions", "mars=1:1,us-east-2=1:1", "knows ap-northeast-1"),
        ("--regions", "us-east-2=1", "REGION=REPLICAS:USERS"),
        ("--profile", "nope", "there are l4-llama-3.1-8b"),
        ("--workload", "nope", "known: arena_syn"),
        ("--duration", "1", "--warmup 20"),
    ],
)
def test_a_wrong_comparison_is_one_line_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    *,
    flag: str,
    value: str,
    cure: str,
) -> None:
    status = run(monkeypatch, "bench", "compare", flag, value, "--output-dir", str(tmp_path))
    said = capsys.readouterr()
    assert status == 2
    assert said.err.startswith("nightshift: ")
    assert said.err.count("\n") == 1
    assert cure in said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"nightshift {__version__}{' (compiled)' if is_compiled() else ''}\n"
