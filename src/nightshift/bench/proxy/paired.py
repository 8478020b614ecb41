"""The paired cells: every contestant in every cell, several times, in an order that is drawn anew.

All contestants stand side by side. Repetitions are the outermost loop and contestants the innermost: the
measurements of one pair lie seconds apart, those of one contestant are spread over the whole run. Each line
of `raw.jsonl` is written when it is measured, so that an interrupted run has left something.
"""

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.measure import Measurement, as_row, measure
from nightshift.bench.proxy.pairs import summarise
from nightshift.bench.proxy.plan import Display, Plan
from nightshift.bench.proxy.stage import Stage, Standing

_WARMING_S = 0.3
_WARMING = Cell("warming", connections=4)


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


async def measure_cells(plan: Plan, logs: Path, display: Display) -> dict[str, Any]:
    """Measure all cells and return their part of the summary."""
    hops = {cell.hops for cell in plan.cells}
    loads = [os.getloadavg()[0]]
    async with Stage(plan.contestants, hops, plan.venv, logs, note=display.note) as stage:
        measurements = await _measure_all(plan, stage, display, loads)
        versions, skipped = stage.versions, stage.skipped
    return {
        "versions": versions,
        "skipped": skipped,
        "what": {contestant.id: contestant.what for contestant in plan.contestants},
        "repetitions": plan.repetitions,
        "seconds": plan.seconds,
        "seed": plan.seed,
        "load_average": {"first": loads[0], "highest": max(loads)},
        "client_cpu_share": _client_share(measurements),
        "cells": summarise(plan.cells, measurements, [contestant.id for contestant in plan.contestants]),
    }


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
