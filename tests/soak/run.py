"""`make soak`: two regions under load and trouble for SOAK_S seconds (20 minutes), and then nothing may be
amiss.

Ends with status 0 if no request was lost, no invariant broken, every count at zero, memory flat, every
connection closed, and the logs free of surprises; else it says what was not so. `results/soak/summary.json`
has the figures.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import orjson
from tests.soak.checker import Allowed, ledger_problems, problems, queue_waits
from tests.soak.journal import Journal
from tests.soak.load import Tally, User
from tests.soak.plan import REGIONS, SWITCHES, Service, start
from tests.soak.processes import Process, state_of
from tests.soak.trouble import Trouble
from tests.soak.watch import Watched

from nightshift.wan.client import ControlClient

RESULTS = Path("results/soak")
USERS = 20
"""In the first region; half as many in the other."""
CALM_SHARE = 0.15
"""The last part of the run, without new trouble."""
REST_S = 40.0


async def soak(service: Service, seconds: float, seed: int) -> dict[str, Any]:
    """Run it all; return the figures, with what is wrong under `problems`."""
    rng = Random(seed)
    until = monotonic() + seconds
    calm_from = until - max(5.0, CALM_SHARE * seconds)
    period_s = min(20.0, max(3.0, seconds / 12))
    await _at_rest(service)
    watched = {region: Watched(process) for region, process in service.balancers.items()}
    baseline = {region: process.fds for region, process in service.balancers.items()}
    tally = Tally()
    trouble = Trouble(service, Random(rng.random()), period_s)
    async with asyncio.TaskGroup() as group:
        for region, count in zip(REGIONS, (USERS, USERS // 2), strict=True):
            address = service.balancers[region].address
            for number in range(count):
                user = User(f"{region}/{number}", address, tally, Random(rng.random()))
                group.create_task(user.live(lambda: monotonic() < until))
        group.create_task(trouble.make(lambda: monotonic() < calm_from))
        group.create_task(_watch(list(watched.values()), tally, until))
    found = await _after(service, tally, watched, baseline, period_s)
    return {
        "seconds": seconds,
        "seed": seed,
        "requests": tally.asked,
        "ends": dict(tally.ends.most_common()),
        "handed_over": tally.crossed,
        "longest_wait_s": round(tally.longest_wait_s, 3),
        "longest_wait": tally.longest_wait,
        "trouble": dict(trouble.made),
        "rss_mib": {r: [round(w.rss_bytes[n] / 2**20, 1) for n in (0, -1)] for r, w in watched.items()},
        "fds": {r: {"before": baseline[r], "most": max(w.fds)} for r, w in watched.items()},
        "counters": {region: state(service, region)["counters"] for region in REGIONS},
        "problems": found,
    }


async def _watch(watched: list[Watched], tally: Tally, until: float) -> None:
    started = said = monotonic()
    while monotonic() < until:
        await asyncio.sleep(1.0)
        for one in watched:
            one.sample()
        if monotonic() - said >= 30:
            said = monotonic()
            sys.stdout.write(
                f"{said - started:5.0f} s: {tally.asked} asked, {dict(tally.ends.most_common(4))}\n"
            )
            sys.stdout.flush()


async def _after(
    service: Service, tally: Tally, watched: dict[str, Watched], baseline: dict[str, int], period_s: float
) -> list[str]:
    """Bring everything to rest, and judge it."""
    found: list[str] = []
    for region in REGIONS:
        found += await _until(partial(_ledger, service, region), region)
    await _drop_pooled(service)
    for region, process in service.balancers.items():
        found += await _until(partial(_files, process, baseline[region]), region)
    for region, one in watched.items():
        found += (f"{region}: {problem}" for problem in one.problems())
    journal = tally.journal
    for name in service.engines:
        journal.add(_journal_of(service, name))
    found += problems(journal, Allowed(overlap_s=period_s + 1.0, balancers=len(REGIONS)))
    found += queue_waits([tally.longest_wait_s], 2 * SWITCHES["max_queue_s"], tick_s=0.5)
    if tally.ends["could not connect"]:
        found.append(f"{tally.ends['could not connect']} times a balancer took no connection")
    return found


def _ledger(service: Service, region: str) -> list[str]:
    return ledger_problems(state(service, region))


def _files(process: Process, baseline: int) -> list[str]:
    return [f"{process.fds} open files, {baseline} at the start"] if process.fds > baseline else []


async def _until(judged: Callable[[], list[str]], region: str) -> list[str]:
    """Ask again until there is nothing to say, for as long as requests may take; return what is left."""
    deadline = monotonic() + REST_S
    while (left := await asyncio.to_thread(judged)) and monotonic() < deadline:  # noqa: ASYNC110 - polls
        await asyncio.sleep(0.2)
    return [f"{region}: {problem}" for problem in left]


async def _drop_pooled(service: Service) -> None:
    """Have the other sides close the idle connections that balancers keep: start the engines anew, cut the
    WAN.
    """
    for name in service.engines:
        service.kill(name)
        await asyncio.to_thread(service.start_engine, name)
    control = ControlClient(service.control)
    await asyncio.to_thread(control.cut, *REGIONS, "reset")
    await asyncio.to_thread(control.heal_all)
    await _at_rest(service)


async def _at_rest(service: Service) -> None:
    """Wait until every balancer hears from all its targets."""

    for region in REGIONS:
        await _until(partial(_missing, service, region), region)


def _missing(service: Service, region: str) -> list[str]:
    known = state(service, region)
    targets = [*known["replica"].items(), *known["peer"].items()]
    return [id_ for id_, target in targets if not target["reachable"]]


def state(service: Service, region: str) -> dict[str, Any]:
    """Return what a balancer knows."""
    return state_of(service.balancers[region].address)


def _journal_of(service: Service, name: str) -> Journal:
    """Read what an engine wrote; what it held when it was killed has left it then."""
    file = service.folder / f"{name}.journal"
    if not file.exists():
        return Journal()
    written = list(Journal.read(file.read_bytes()))
    deaths = sorted(at for at, killed in service.deaths if killed == name)
    journal = Journal(written)
    open_: dict[str, float] = {}
    for event in written:
        for death in [at for at in deaths if at <= event.at]:
            _die(journal, open_, name, death)
            deaths.remove(death)
        if event.what == "placed":
            open_[event.nonce] = event.at
        else:
            open_.pop(event.nonce, None)
    for death in deaths:
        _die(journal, open_, name, death)
    return journal


def _die(journal: Journal, open_: dict[str, float], name: str, at: float) -> None:
    for nonce in open_:
        journal.left(at, nonce, name)
    open_.clear()


def main() -> int:
    """Run, write the summary, and say what is wrong."""
    seconds, seed = float(os.environ.get("SOAK_S", "1200")), int(os.environ.get("SOAK_SEED", "0"))
    folder = Path(tempfile.mkdtemp(prefix="nightshift-soak-"))
    sys.stdout.write(f"Soaking for {seconds:g} s; logs are in {folder}\n")
    service = start(folder)
    try:
        summary = asyncio.run(soak(service, seconds, seed))
    finally:
        statuses = service.end()
    wrong = summary["problems"]
    wrong += (f"{region} ended with status {status}" for region, status in statuses.items() if status != 0)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "summary.json").write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
    sys.stdout.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode() + "\n")
    sys.stdout.write("Nothing is amiss.\n" if not wrong else f"{len(wrong)} things are amiss.\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
