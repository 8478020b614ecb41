"""From what the jobs of one system left to its folder in the result folder (`systems/<id>-<suffix>/rep-1`).

Every file comes into a folder of its own first and is moved from there, so that a copy that breaks off leaves
nothing that looks whole. `done.json` comes last. It says `partial`, and why, for a system that was not
measured to its end: a client is missing or was interrupted, or nobody answered any more.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from nightshift.bench.records import RequestRecord, read_records
from nightshift.bench.script.clients.base import Clients
from nightshift.bench.script.clients.job import files_of
from nightshift.control.providers.base import ProviderError
from nightshift.errors import UserError

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_APART_SHARE = 0.1
"""Regions that began further apart than this part of the run were not measured together."""
_SILENT_SHARE = 0.1
"""Nothing was answered in this last part of the run, and requests failed: then the service had died."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What to collect, and where to. `speed` is emulated seconds for each real one."""

    job: str
    regions: Sequence[str]
    to: Path
    samples: Path | None
    speed: float
    duration_s: float


async def collect(clients: Clients, what: Collected, broke_off: str = "") -> dict[str, Any]:
    """Fill the folder; return what `done.json` says. `broke_off` tells why the system cannot be complete.

    Raises `ProviderError` when not even one region's records are there.
    """
    (what.to / "logs").mkdir(parents=True, exist_ok=True)
    for name in ("done.json", "samples.jsonl", *(name for r in what.regions for name in files_of(r))):
        (what.to / name).unlink(missing_ok=True)  # of an earlier attempt
    missing = [one for one in await asyncio.gather(*(_fetch(clients, what, r) for r in what.regions)) if one]
    jobs = _read_all(what.to, "job-*.json")
    if not jobs:
        raise ProviderError(f"{what.job}: no region has results: {'; '.join(missing)}")
    start = min(float(job["start_epoch"]) for job in jobs)
    if what.samples is not None:
        _write_samples(what, start)
    reasons = [
        broke_off,
        *missing,
        *_interrupted(what.to),
        *_late(what),
        _silence(what),
        *_apart(what, jobs),
        *_clocks(jobs),
    ]
    why = "; ".join(reason for reason in reasons if reason)
    elapsed_s = max((one["elapsed_s"] for one in _read_all(what.to, "client-*.json")), default=0.0)
    done = {
        "state": "partial" if why else "finished",
        "why": why or None,
        "seconds": round(elapsed_s / what.speed, 3),
        "seed": _seed(jobs),
        "start_epoch": start,
    }
    new = what.to / ".done.json.new"
    new.write_bytes(orjson.dumps(done, option=_PRETTY))
    new.replace(what.to / "done.json")
    return done


async def _fetch(clients: Clients, what: Collected, region: str) -> str:
    """Move a region's files into the folder; return what is missing, or nothing."""
    try:
        log = await clients.log(region, what.job)
        (what.to / "logs" / f"client-{region}.log").write_text(log)
    except (ProviderError, UserError):
        pass  # a job that never began has no log; its missing records are what counts
    staging = Path(tempfile.mkdtemp(prefix=".fetch-", dir=what.to))
    try:
        await clients.fetch(region, what.job, staging)
        records, *others = (staging / name for name in files_of(region))
        if not records.is_file():
            return f"{region} has no records"
        for path in (records, *others):
            if path.is_file():
                os.replace(path, what.to / path.name)
    except ProviderError as error:
        return str(error)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    account = files_of(region)[1]
    return "" if (what.to / account).is_file() else f"{region} has no account of its client, which was killed"


def _interrupted(folder: Path) -> list[str]:
    return [
        f"the client of {account['region']} was interrupted after {account['elapsed_s']:.0f} s"
        for account in _read_all(folder, "client-*.json")
        if account["interrupted"]
    ]


def _late(what: Collected) -> Iterator[str]:
    """Tell of clients that were not ready when their run began: its clock went on without them."""
    for account in _read_all(what.to, "client-*.json"):
        if account["late_s"] * what.speed > what.duration_s * _APART_SHARE:
            who = f"the client of {account['region']}"
            yield f"{who} was ready {account['late_s']:.0f} s (real) after its start; raise LEAD_S"


def _silence(what: Collected) -> str:
    """Tell when a service answered nobody any more before its time was over."""
    records = list(_records(what.to))
    if not any(r.finished for r in records):
        return f"none of {len(records)} requests was answered"
    answered = max(r.end for r in records if r.finished)
    failed = [r for r in records if r.failed is not None and r.end > answered]
    if not failed or answered >= what.duration_s * (1 - _SILENT_SHARE):
        return ""
    return f"nothing was answered after {answered:.0f} s, and {len(failed)} requests failed since"


def _seed(jobs: Sequence[dict[str, Any]]) -> int:
    """Return the seed that the jobs were given; 0, which is the default, for one that is no number."""
    given = (
        str(word).removeprefix("--seed=") for word in jobs[0]["words"] if str(word).startswith("--seed=")
    )
    seed = next(given, "0")
    return int(seed) if seed.isdecimal() else 0


def _apart(what: Collected, jobs: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Tell of regions that did not begin together, by their own clocks."""
    starts = {str(job["region"]): float(job["start_epoch"]) for job in jobs}
    first, last = min(starts, key=lambda r: starts[r]), max(starts, key=lambda r: starts[r])
    apart_s = starts[last] - starts[first]
    if apart_s * what.speed > what.duration_s * _APART_SHARE:
        yield f"{last} began {apart_s:.0f} s (real) after {first}; raise LEAD_S, or set its clock"


def _clocks(jobs: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Tell of clocks that are wrong: a job that began before it was submitted."""
    for job in jobs:
        if (behind_s := job["submitted_epoch"] - job["began_epoch"]) > 0:
            yield (
                f"the clock of {job['host']} in {job['region']} is behind by {behind_s:.1f} s at least: "
                "the regions began apart"
            )


def _records(folder: Path) -> Iterator[RequestRecord]:
    for path in sorted(folder.glob("records-*.jsonl")):
        yield from read_records(path)


def _read_all(folder: Path, pattern: str) -> list[dict[str, Any]]:
    return [orjson.loads(path.read_bytes()) for path in sorted(folder.glob(pattern))]


def _write_samples(what: Collected, start: float) -> None:
    """Take the samples of this run out of those of the whole script, on the run's own clock."""
    source = what.samples
    if source is None or not source.is_file():
        return
    with source.open("rb") as lines, (what.to / "samples.jsonl").open("wb") as out:
        for line in lines:
            if not line.endswith(b"\n"):
                return  # the fetcher is in the middle of it
            sample = orjson.loads(line)
            t = (sample.pop("time") - start) * what.speed
            if 0 <= t <= what.duration_s:
                out.write(orjson.dumps({"t": round(t, 3), **sample}, option=orjson.OPT_APPEND_NEWLINE))
