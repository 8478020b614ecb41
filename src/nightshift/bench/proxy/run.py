"""A whole run: one part after another, then the summary and the tables.

The summary is written after each part, so that an interrupted run has left something. Parts of an earlier run
in the same folder stay in it, each with its own date and circumstances, until they are measured again:
figures are compared within a part only.
"""

import asyncio
import os
import shutil
import signal
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from nightshift import __version__
from nightshift.bench.compare.machine import describe_machine
from nightshift.bench.proxy.goals import goals, not_measured
from nightshift.bench.proxy.parts import PARTS
from nightshift.bench.proxy.plan import Display, Plan
from nightshift.bench.proxy.tables import markdown
from nightshift.errors import UserError


def run(plan: Plan, display: Display) -> dict[str, Any]:
    """Run `plan`, write its files, and return the summary."""
    try:
        return asyncio.run(_run(plan, display))
    except asyncio.CancelledError:  # terminated; to the command line the same as interrupted
        raise KeyboardInterrupt from None


async def _run(plan: Plan, display: Display) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this is a coroutine of asyncio.run
    # A terminated benchmark ends its processes as an interrupted one does.
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    logs = _fresh(plan.output / "logs")
    parts = _earlier(plan.output / "summary.json")
    summary: dict[str, Any] = {}
    for name in plan.parts:
        started, date, load = loop.time(), datetime.now(UTC), os.getloadavg()[0]
        folder = logs / name
        folder.mkdir()
        found = await PARTS[name](plan, folder, display)
        parts[name] = {
            "date": date.isoformat(timespec="seconds"),
            "version": __version__,
            "machine": describe_machine(),
            "load_before": load,
            "elapsed_s": loop.time() - started,
            **found,
        }
        summary = _written(parts, plan.output)
    return summary


def _earlier(path: Path) -> dict[str, Any]:
    """Return the parts that an earlier run has left."""
    try:
        parts: dict[str, Any] = read_summary(path)["parts"]
    except UserError:
        return {}
    return parts


def read_summary(path: Path) -> dict[str, Any]:
    """Read what a run has written. Raises `UserError`."""
    try:
        summary = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise UserError(f"{path} holds no results ({error}); run `nightshift bench proxy` first") from error
    if not isinstance(summary, dict) or not isinstance(summary.get("parts"), dict):
        raise UserError(f"{path} holds no results of this benchmark; run `nightshift bench proxy` first")
    return summary


def _written(parts: dict[str, Any], output: Path) -> dict[str, Any]:
    in_order = {name: parts[name] for name in PARTS if name in parts}
    # Dataclasses become plain data here, as they are in the file.
    summary: dict[str, Any] = orjson.loads(orjson.dumps({"experiment": "proxy", "parts": in_order}))
    summary["goals"] = [{**asdict(goal), "verdict": goal.verdict} for goal in goals(summary)]
    summary["not_measured"] = not_measured(summary)
    (output / "summary.json").write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
    (output / "tables.md").write_text(markdown(summary))
    return summary


def _fresh(folder: Path) -> Path:
    """Return `folder`, empty; the last run's logs go."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder.absolute()
