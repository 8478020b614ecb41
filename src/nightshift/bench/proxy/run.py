"""The whole benchmark: every contestant in every cell, several times, in an order that is drawn anew.

Repetitions are the outermost loop and contestants the innermost: the measurements of one pair lie seconds
apart, those of one contestant are spread over the whole run. Each line of `raw.jsonl` is written when it is
measured, so that an interrupted run has left something.
"""

import asyncio
import os
import random
import shutil
import signal
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import orjson

from nightshift import __version__
from nightshift.bench.compare.machine import describe_machine
from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.contestants import Contestant
from nightshift.bench.proxy.goals import NOT_MEASURED, Goal, goals
from nightshift.bench.proxy.measure import Measurement, as_row, measure
from nightshift.bench.proxy.pairs import summarise
from nightshift.bench.proxy.stage import Stage, Standing
from nightshift.bench.proxy.tables import markdown

_WARMING_S = 0.3
_WARMING = Cell("warming", connections=4)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how often."""

    cells: tuple[Cell, ...]
    contestants: tuple[Contestant, ...]
    repetitions: int
    seconds: float
    """How long a plain cell asks."""
    seed: int
    venv: Path
    output: Path


class Display(Protocol):
    """Is told how far the run is."""

    def note(self, text: str) -> None:
        """Something begins."""

    def measured(self, done: int, total: int) -> None:
        """One more measurement is there."""


def run(plan: Plan, display: Display) -> tuple[dict[str, Any], list[Goal]]:
    """Run `plan`, write its files, and return the summary and the goals."""
    try:
        return asyncio.run(_run(plan, display))
    except asyncio.CancelledError:  # terminated; to the command line the same as interrupted
        raise KeyboardInterrupt from None


async def _run(plan: Plan, display: Display) -> tuple[dict[str, Any], list[Goal]]:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this is a coroutine of asyncio.run
    # A terminated benchmark ends its processes as an interrupted one does.
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    started, date = loop.time(), datetime.now(UTC)
    loads = [os.getloadavg()[0]]
    logs = _fresh(plan.output / "logs")
    hops = {cell.hops for cell in plan.cells}
    async with Stage(plan.contestants, hops, plan.venv, logs, note=display.note) as stage:
        measurements = await _measure_all(plan, stage, display, loads)
        versions, skipped = stage.versions, stage.skipped
    summary = {
        "experiment": "proxy",
        "date": date.isoformat(timespec="seconds"),
        "version": __version__,
        "machine": describe_machine(),
        "versions": versions,
        "skipped": skipped,
        "what": {contestant.id: contestant.what for contestant in plan.contestants},
        "repetitions": plan.repetitions,
        "seconds": plan.seconds,
        "seed": plan.seed,
        "elapsed_s": loop.time() - started,
        "load_average": {"first": loads[0], "highest": max(loads)},
        "client_cpu_share": _client_share(measurements),
        **summarise(plan.cells, measurements, [contestant.id for contestant in plan.contestants]),
        "not_measured": list(NOT_MEASURED),
    }
    # Dataclasses have become plain data here, as they are in the file.
    plain: dict[str, Any] = orjson.loads(orjson.dumps(summary))
    reached = goals(plain)
    plain["goals"] = [{**asdict(goal), "verdict": goal.verdict} for goal in reached]
    (plan.output / "summary.json").write_bytes(orjson.dumps(plain, option=orjson.OPT_INDENT_2))
    (plan.output / "tables.md").write_text(markdown(plain, reached))
    return plain, reached


def _fresh(folder: Path) -> Path:
    """Return `folder`, empty; the last run's logs go."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder.absolute()


def schedule(
    cells: Sequence[Cell], standing: Sequence[tuple[str, int]], repetitions: int, seed: int
) -> Iterator[tuple[int, Cell, str]]:
    """Yield repetition, cell and contestant: in each repetition and cell, all that can, in shuffled order."""
    rng = random.Random(seed)
    for repetition in range(repetitions):
        for cell in cells:
            order = [id_ for id_, hops in standing if hops == cell.hops]
            rng.shuffle(order)
            for id_ in order:
                yield repetition, cell, id_


async def _measure_all(plan: Plan, stage: Stage, display: Display, loads: list[float]) -> list[Measurement]:
    for standing in stage.standing.values():
        display.note(f"warming up {standing.deployment.contestant}")
        await measure(stage.generator, standing, _warming(standing), 0, _WARMING_S)
    todo = list(schedule(plan.cells, list(stage.standing), plan.repetitions, plan.seed))
    measurements = []
    with (plan.output / "raw.jsonl").open("wb") as raw:
        for done, (repetition, cell, id_) in enumerate(todo):
            display.note(f"{cell.name}  {id_}")
            one = await measure(
                stage.generator, stage.standing[id_, cell.hops], cell, repetition, plan.seconds
            )
            raw.write(orjson.dumps(as_row(one), option=orjson.OPT_APPEND_NEWLINE))
            raw.flush()
            measurements.append(one)
            loads.append(os.getloadavg()[0])
            display.measured(done + 1, len(todo))
            await stage.check()
    return measurements


def _warming(standing: Standing) -> Cell:
    return replace(_WARMING, hops=standing.deployment.hops)


def _client_share(measurements: Sequence[Measurement]) -> float:
    """Return the highest share of one core that the load took: near 1, it was itself what was waited for."""
    return max((m.client_cpu_s / m.elapsed_s for m in measurements if m.elapsed_s), default=0.0)
