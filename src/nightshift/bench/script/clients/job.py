"""A job on its own machine: it keeps its files in one folder, and becomes `nightshift bench client`.

The common start of all regions is given in wall-clock time, which machines share (clouds keep theirs to
milliseconds by NTP), and turned into this machine's monotonic time here. A job that begins
too late for it begins as soon as it can: its own time is whole, and its record says how far it was apart.
"""

import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from nightshift import __version__

RECORD = "job-{region}.json"
_READY_S = 2.0
"""What a client takes to start and to make its data, on a machine with nothing else to do."""


def files_of(region: str) -> tuple[str, str, str]:
    """Return the names of what a job leaves: records, the client's account, its own record."""
    return f"records-{region}.jsonl", f"client-{region}.json", RECORD.format(region=region)


def client_words(folder: Path, region: str, start_at: float, words: Sequence[str]) -> list[str]:
    """Return the arguments of `nightshift bench client`. `start_at` is in seconds of `time.monotonic()`."""
    records, account, _ = files_of(region)
    return [
        *words,
        f"--region={region}",
        f"--start-at={start_at:.6f}",
        f"--out={folder / records}",
        f"--summary-out={folder / account}",
    ]


def become_client(
    folder: Path, region: str, start_epoch: float, submitted_epoch: float, words: Sequence[str]
) -> None:
    """Begin anew in `folder`, and become the client; return only by an error (`OSError`).

    `submitted_epoch` is when the job was given, by the clock of who gave it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = datetime.now(UTC).timestamp()
    own_start = max(start_epoch, began + _READY_S)
    start_at = time.monotonic() + own_start - began
    record = {
        "region": region,
        "start_epoch": own_start,
        "wanted_epoch": start_epoch,
        "submitted_epoch": submitted_epoch,
        "began_epoch": began,
        "host": platform.node(),
        "version": __version__,
        "words": list(words),
    }
    (folder / RECORD.format(region=region)).write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2))
    argv = [sys.executable, "-P", "-m", "nightshift", "bench", "client"]
    os.execv(sys.executable, [*argv, *client_words(folder, region, start_at, words)])  # noqa: S606
