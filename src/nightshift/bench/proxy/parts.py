"""The parts of the benchmark by name.

Each stands by itself: what it starts, it ends, and what it found is one entry of `summary.json`.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from nightshift.bench.proxy.choosing import measure_choosing
from nightshift.bench.proxy.cores import measure_cores
from nightshift.bench.proxy.memory import measure_memory
from nightshift.bench.proxy.open_streams import measure_open_streams
from nightshift.bench.proxy.paired import measure_cells
from nightshift.bench.proxy.plan import Display, Plan
from nightshift.errors import UserError

Measure = Callable[[Plan, Path, Display], Awaitable[dict[str, Any]]]


async def _choosing(plan: Plan, logs: Path, display: Display) -> dict[str, Any]:
    return measure_choosing(display, batches=plan.repetitions)


PARTS: dict[str, Measure] = {
    "cells": measure_cells,
    "choosing": _choosing,
    "open-streams": measure_open_streams,
    "processes": measure_cores,
    "memory": measure_memory,
}


def find_parts(names: str) -> tuple[str, ...]:
    """Return the parts of these names (commas between), or all for `all`. Raises `UserError`."""
    wanted = [name for name in names.replace(",", " ").split() if name]
    if wanted == ["all"]:
        return tuple(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown or not wanted:
        what = f"unknown part {unknown[0]!r}" if unknown else "no part is named"
        raise UserError(f"--parts: {what}; known are {', '.join(PARTS)}, or all of them: all")
    return tuple(name for name in PARTS if name in wanted)
