"""Lines arrive whole and in order, also after the file was moved away, and a slow reader costs lines only."""

import os
from pathlib import Path

import pytest

from nightshift.proxy.seen import line_writer
from nightshift.proxy.seen.line_writer import LineWriter


def never(lines: int) -> None:
    raise AssertionError(f"{lines} lines were dropped")


def test_lines_arrive_in_order_and_are_appended(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"before\n")
    writer = LineWriter(str(path), never)
    lines = [b"%d\n" % n for n in range(20_000)]  # more than one block
    for line in lines:
        writer.add(line)
    writer.close()
    assert path.read_bytes() == b"before\n" + b"".join(lines)


def test_a_file_moved_away_is_opened_anew(tmp_path: Path) -> None:
    path, old = tmp_path / "log", tmp_path / "log.1"
    writer = LineWriter(str(path), never)
    writer.add(b"one\n")
    writer.close()
    writer = LineWriter(str(path), never)
    path.rename(old)
    writer.reopen()
    writer.add(b"two\n")
    writer.close()
    assert (old.read_bytes(), path.read_bytes()) == (b"one\n", b"two\n")


def test_what_a_slow_reader_does_not_take_is_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And closing does not wait for it for ever."""
    monkeypatch.setattr(line_writer, "MAX_BACKLOG_BYTES", 200_000)
    monkeypatch.setattr(line_writer, "CLOSE_S", 0.01)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    dropped: list[int] = []
    writer = LineWriter(str(pipe), dropped.append)
    line = b"x" * 99 + b"\n"
    for _ in range(5_000):
        writer.add(line)
    writer.close()
    assert sum(dropped) >= 3_000 - 656  # what the backlog and the pipe's 64 kB do not hold
    got = b""
    os.set_blocking(reader, True)
    while block := os.read(reader, 65_536):  # the thread, freed, writes the rest and closes
        got += block
    os.close(reader)
    assert len(got) // 100 + sum(dropped) == 5_000
    assert got == line * (len(got) // 100)


def test_a_full_disk_is_no_reason_to_fail(caplog: pytest.LogCaptureFixture) -> None:
    writer = LineWriter("/dev/full", never)
    writer.add(b"line\n")
    writer.close()
    assert "No space left" in caplog.text
