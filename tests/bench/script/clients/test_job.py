"""A job on its machine."""

import os
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from nightshift.bench.script.clients import job
from nightshift.bench.script.clients.base import Job


def test_it_becomes_the_client_with_the_start_in_this_machines_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, argv: became.append(argv))
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    folder = tmp_path / "jobs" / "j"
    folder.mkdir(parents=True)
    (folder / "records-here.jsonl").write_text("of an earlier attempt")

    job.become_client(folder, "here", 2_000_000_000.0, 3.0, ["--endpoint=a:1"])

    assert [path.name for path in folder.iterdir()] == ["job-here.json"]
    record: dict[str, Any] = orjson.loads((folder / "job-here.json").read_bytes())
    (words,) = became
    assert words[3:6] == ["nightshift", "bench", "client"]
    start_at = float(next(word for word in words if word.startswith("--start-at=")).partition("=")[2])
    assert start_at == pytest.approx(50 + 2_000_000_000 - record["began_epoch"], abs=1e-3)
    assert record["start_epoch"] == record["wanted_epoch"] == 2_000_000_000
    assert f"--out={folder}/records-here.jsonl" in words
    assert "--endpoint=a:1" in words


def test_one_that_is_late_begins_as_soon_as_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: None)
    job.become_client(tmp_path / "j", "here", 1000.0, 3.0, [])
    record: dict[str, Any] = orjson.loads((tmp_path / "j" / "job-here.json").read_bytes())
    assert record["wanted_epoch"] == 1000
    assert record["start_epoch"] == pytest.approx(record["began_epoch"] + 2)


def test_its_command_has_its_words_last_and_no_environment() -> None:
    order = Job("j", "here", 12.5, 10.25, ("--endpoint=a:1", "--seed=x y"), {"HF_TOKEN": "hf_hush"})
    assert order.command("~/f") == [
        *("bench", "clients", "job", "--folder=~/f", "--region=here"),
        *("--start-epoch=12.5", "--submitted-epoch=10.25", "--", "--endpoint=a:1", "--seed=x y"),
    ]
    assert "hf_hush" not in repr(order)
