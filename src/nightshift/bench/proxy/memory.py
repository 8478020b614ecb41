"""Memory: how much a proxy grows with every prompt that it has never seen, and where it stops.

One contestant at a time, fresh: it answers some requests that repeat, so that its allocator and its pools are
warm, then distinct prompts of 1 kB in equal steps, with a reading of its resident memory between two. This
balancer comes twice: with its default budget, and with a small one that a run of any length reaches, because
what is to be seen is that memory stays flat behind the bound. The other routers get fewer prompts, as they
take longer for them; their growth is that of the same first prompts as ours.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nightshift.balancing.switches import Switches
from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.contestants import OURS, Contestant, ours_with
from nightshift.bench.proxy.generator import Duration
from nightshift.bench.proxy.plan import Display, Plan
from nightshift.bench.proxy.stage import Stage, Standing
from nightshift.bench.proxy.usage import read_usage

CELL = Cell("memory", cold=True, connections=50)
FIRST = 100_000
"""Prompts over which growth before the bound is taken; half of all where there are not so many."""
SMALL = f"{OURS}-small"
SMALL_BUDGET = 32 * 2**20
WITH_AN_INDEX = (OURS, "sglang-router", "smg", "vllm-router")
_OTHERS_SHARE = 0.3
_STEPS = 20
_NEAR = 0.7
"""Of a budget; it counts what an index holds, and resident memory has other things in it."""
_WARMING_SHARE = 0.02
_CAP_S_PER_PROMPT = 0.005
"""A step is given up when it takes longer than this for each of its prompts, and half a minute."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident bytes after so many distinct prompts."""

    prompts: int
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Filled:
    """A contestant and its memory, from the first prompt to the last."""

    id: str
    samples: tuple[Sample, ...]
    budget_bytes: int | None = None
    """What it was told to keep to; None: it has no such setting, or another kind of one."""
    per_s: float = 0.0
    failed: int = 0

    @property
    def growth_before(self) -> float:
        """Bytes for each prompt over the first of them, before a bound acts."""
        first, last = self.samples[0], self.samples[-1]
        wanted = min(FIRST, last.prompts // 2)
        return _slope(first, next(sample for sample in self.samples if sample.prompts >= wanted))

    @property
    def growth_late(self) -> float:
        """Bytes for each prompt over the later half of them."""
        return _slope(self._half, self.samples[-1])

    @property
    def full_by_half(self) -> bool:
        """Whether it had come near its budget when half of the prompts were through."""
        grown = self._half.rss_bytes - self.samples[0].rss_bytes
        return self.budget_bytes is not None and grown >= _NEAR * self.budget_bytes

    @property
    def _half(self) -> Sample:
        last = self.samples[-1]
        return next(sample for sample in self.samples if 2 * sample.prompts >= last.prompts)

    @property
    def growth_bytes(self) -> int:
        """How much larger it became at most."""
        return max(sample.rss_bytes for sample in self.samples) - self.samples[0].rss_bytes


def _slope(one: Sample, other: Sample) -> float:
    return (other.rss_bytes - one.rss_bytes) / max(1, other.prompts - one.prompts)


def as_row(filled: Filled) -> dict[str, Any]:
    """Return what stands in the summary."""
    figures = ("growth_before", "growth_late", "growth_bytes", "full_by_half")
    return {**asdict(filled), **{name: getattr(filled, name) for name in figures}}


async def measure_memory(plan: Plan, logs: Path, display: Display) -> dict[str, Any]:
    """Fill one after another, and return this part of the summary."""
    rows: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    skipped: dict[str, str] = {}
    todo = list(_todo(plan))
    total = sum(_STEPS for _ in todo)
    done = 0
    for contestant, prompts, budget in todo:
        folder = logs / contestant.id
        folder.mkdir()
        async with Stage((contestant,), {1}, plan.venv, folder, note=display.note) as stage:
            versions |= stage.versions
            skipped |= stage.skipped
            standing = stage.standing.get((contestant.id, 1))
            if standing is not None:
                display.note(f"{prompts:,} distinct prompts  {contestant.id}")
                filled = await _fill(stage, standing, prompts, _Steps(display, done, total))
                rows.append(as_row(replace(filled, budget_bytes=budget)))
                await stage.check()
        done += _STEPS
    return {"prompts": plan.prompts, "versions": versions, "skipped": skipped, "rows": rows}


def _todo(plan: Plan) -> list[tuple[Contestant, int, int | None]]:
    """Return who takes part, with how many prompts, within which budget."""
    chosen = [contestant for contestant in plan.contestants if contestant.id in WITH_AN_INDEX]
    todo: list[tuple[Contestant, int, int | None]] = []
    for contestant in chosen:
        if contestant.id == OURS:
            small = ours_with(SMALL, f"{OURS} with a small budget", index_bytes=SMALL_BUDGET)
            todo += [
                (contestant, plan.prompts, Switches().index_bytes),
                (small, plan.prompts, SMALL_BUDGET),
            ]
        else:
            todo.append((contestant, int(plan.prompts * _OTHERS_SHARE), None))
    return todo


@dataclass(slots=True)
class _Steps:
    display: Display
    done: int
    total: int

    def step(self) -> None:
        self.done += 1
        self.display.measured(self.done, self.total)


async def _fill(stage: Stage, standing: Standing, prompts: int, steps: _Steps) -> Filled:
    entry, size = standing.deployment.entry, max(CELL.connections, prompts // _STEPS)
    await stage.generator.open(replace(CELL, cold=False), entry, 0)
    await stage.generator.run(_asking(max(CELL.connections, int(prompts * _WARMING_SHARE))))
    samples = [Sample(0, read_usage(standing.sessions).rss_bytes)]
    asked, elapsed_s, failed = 0, 0.0, 0
    for number in range(_STEPS):
        await stage.generator.open(CELL, entry, number)
        counted = await stage.generator.run(_asking(size))
        asked += counted["requests"]
        elapsed_s += counted["elapsed_s"]
        failed += sum(counted["errors"].values()) + counted["unfinished"]
        samples.append(Sample(asked, read_usage(standing.sessions).rss_bytes))
        steps.step()
    id_ = standing.deployment.contestant
    return Filled(id_, tuple(samples), per_s=asked / elapsed_s if elapsed_s else 0.0, failed=failed)


def _asking(requests: int) -> Duration:
    return Duration(0.0, 30.0 + _CAP_S_PER_PROMPT * requests, requests)


def sampled(samples: Sequence[dict[str, int]], marks: Sequence[int]) -> list[dict[str, int] | None]:
    """Return the sample at each of these numbers of prompts; None where it was not measured."""
    by_prompts = {sample["prompts"]: sample for sample in samples}
    return [by_prompts.get(mark) for mark in marks]
