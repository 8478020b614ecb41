"""More than one core: the same load on one balancer process, and on two behind one port.

On a machine with as many cores as processes, the load and the engine need their share of the same cores. So
throughput cannot double: it can reach the cores' time over what a request takes in all, by the balancer, by
the load and by the engine. That bound is computed from the same measurement and stands beside the figure.
"""

import os
import random
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.contestants import OURS, Contestant, find_contestants, ours_by
from nightshift.bench.proxy.generator import Duration
from nightshift.bench.proxy.measure import salt_of
from nightshift.bench.proxy.plan import Display, Plan
from nightshift.bench.proxy.stage import Stage, Standing
from nightshift.bench.proxy.statistics import Spread, spread
from nightshift.bench.proxy.usage import Usage, read_usage

CELL = Cell("cores", connections=200)
PROCESSES = 2
_CAP_S = 6.0
_WARMING_S = 0.3
_TIMES_LONGER = 3
"""Than a paired cell: three contestants take turns here, not eight."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement. CPU in microseconds for each request."""

    per_s: float
    balancer_us: float
    all_us: float
    """With that of the load and the engine."""
    busiest: float
    """The share of the balancer's CPU time that its busiest process took."""
    failed: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """One balancer, over all repetitions."""

    id: str
    what: str
    per_s: Spread | None
    balancer_us: Spread | None
    all_us: float
    attainable_per_s: float
    """What all cores together could do at this cost of a request."""
    busiest: Spread | None
    speedup: Spread | None
    """Requests in a second, of those of one process in the same repetition."""
    failed: int


async def measure_cores(plan: Plan, logs: Path, display: Display) -> dict[str, Any]:
    """Measure them by turns, and return this part of the summary."""
    ours = next(contestant for contestant in find_contestants(OURS) if contestant.id == OURS)
    chosen = (ours, ours_by(PROCESSES, "own"), ours_by(PROCESSES, "shared"))
    seconds = _TIMES_LONGER * plan.seconds
    rng, runs = random.Random(plan.seed), defaultdict[str, list[Run]](list)
    async with Stage(chosen, {1}, plan.venv, logs, note=display.note) as stage:
        for contestant in chosen:
            await _measure(stage, stage.standing[contestant.id, 1], 0, _WARMING_S)
        for repetition in range(plan.repetitions):
            for contestant in rng.sample(chosen, len(chosen)):
                display.note(f"{contestant.id}, {CELL.connections} connections")
                standing = stage.standing[contestant.id, 1]
                runs[contestant.id].append(await _measure(stage, standing, repetition, seconds))
                display.measured(sum(map(len, runs.values())), plan.repetitions * len(chosen))
                await stage.check()
    cores = os.cpu_count() or 1
    return {
        "cores": cores,
        "connections": CELL.connections,
        "repetitions": plan.repetitions,
        "rows": [asdict(throughput(one, runs[one.id], runs[OURS], cores)) for one in chosen],
    }


async def _measure(stage: Stage, standing: Standing, repetition: int, seconds: float) -> Run:
    await stage.generator.open(CELL, standing.deployment.entry, salt_of(CELL, repetition))
    before, engine_before = read_usage(standing.sessions), read_usage(stage.engine_sessions)
    counted = await stage.generator.run(Duration(seconds, seconds + _CAP_S))
    after, engine_after = read_usage(standing.sessions), read_usage(stage.engine_sessions)
    requests = max(1, counted["requests"])
    balancer_s = after.cpu_s_since(before)
    all_s = balancer_s + engine_after.cpu_s_since(engine_before) + counted["client_cpu_s"]
    return Run(
        per_s=requests / counted["elapsed_s"],
        balancer_us=balancer_s / requests * 1e6,
        all_us=all_s / requests * 1e6,
        busiest=busiest(before, after),
        failed=sum(counted["errors"].values()) + counted["unfinished"],
    )


def busiest(before: Usage, after: Usage) -> float:
    """Return the share of the CPU time between two readings that one process took, the one with most."""
    by_process: dict[int, int] = defaultdict(int)
    for (pid, tid), now in after.cpu_ns.items():
        by_process[pid] += now - before.cpu_ns.get((pid, tid), 0)
    whole = sum(by_process.values())
    return max(by_process.values()) / whole if whole else 0.0


def throughput(contestant: Contestant, own: list[Run], single: list[Run], cores: int) -> Throughput:
    """Put the measurements of one together; those of one process are what they are compared with."""
    all_us = median(run.all_us for run in own)
    pairs = zip(own, single, strict=True)
    return Throughput(
        id=contestant.id,
        what="1 process" if contestant.id == OURS else contestant.what,
        per_s=spread([run.per_s for run in own]),
        balancer_us=spread([run.balancer_us for run in own]),
        all_us=all_us,
        attainable_per_s=cores * 1e6 / all_us if all_us else 0.0,
        busiest=spread([run.busiest for run in own]),
        speedup=None if contestant.id == OURS else spread([run.per_s / one.per_s for run, one in pairs]),
        failed=sum(run.failed for run in own),
    )
