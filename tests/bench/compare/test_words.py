"""Options that take several words, and `--resume`, which may stand alone."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from nightshift.cli import app

PLAN = ("bench", "compare", "--dry-run", "--duration", "60", "--warmup", "5")


def said(*words: str) -> str:
    done = CliRunner().invoke(app, [*PLAN, *words])
    assert done.exit_code == 0, done.exception
    return done.output


@pytest.mark.parametrize("words", [("--systems", "4", "5"), ("--run-systems", "4,5"), ("--systems", "4-5")])
def test_systems_as_words_and_as_one(words: tuple[str, ...], tmp_path: Path) -> None:
    text = said(*words, "--output-dir", str(tmp_path))
    assert "Ours [Push+Push]" in text
    assert "2 runs to make: about 28 s" in text


def test_a_plan_starts_and_writes_nothing(tmp_path: Path) -> None:
    text = said(
        "--regions", "us-east-2=1:3", "eu-central-1=1:0", "--repeat", "3", "--output-dir", str(tmp_path)
    )
    assert "us-east-2 (1 replicas, 3 users), eu-central-1 (1 replicas, 0 users)" in text
    assert "repetition 3, seed 2" in text
    assert list(tmp_path.iterdir()) == []


def test_resume_alone_needs_a_name(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*PLAN, "--resume", "--output-dir", str(tmp_path)])
    assert "Give its folder, or --exp-name" in str(done.exception)


def test_a_name_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    done = CliRunner().invoke(app, [*PLAN, "--exp-name", "used", "--output-dir", str(tmp_path)])
    assert "go on with it by --resume, or choose another --exp-name" in str(done.exception)
