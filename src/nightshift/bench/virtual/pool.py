"""Several simulated runs at once, in as many processes as there are cores.

A process makes one run after another, so that systems of a repetition, which ask the same, need their
conversations made once. One that dies takes no other run with it: a new one takes its place.
"""

import os
import signal
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

from nightshift.bench.compare.experiment import Experiment
from nightshift.bench.compare.runs import Run
from nightshift.errors import UserError
from nightshift.processes import die_with_parent

_KILL_S = 2.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: well, or `why` not. `cpu_s` are the seconds of processor time that it took."""

    run: Run
    why: str | None
    cpu_s: float


@dataclass(slots=True)
class _Worker:
    """A process, and the run that it is at."""

    process: ForkServerProcess
    talk: Connection
    run: Run

    def begin(self, run: Run) -> None:
        """Have it make a run."""
        self.run = run
        self.talk.send(run)

    def hear(self, advanced: Callable[[Run, float], None]) -> Ended | None:
        """Take what it has to say; return how its run ended once it has. Raises `UserError` of the run."""
        try:
            word, value = self.talk.recv()
        except (EOFError, OSError):
            self.process.join()
            return Ended(self.run, f"its process ended with status {self.process.exitcode}", 0.0)
        if word == "at":
            advanced(self.run, value)
            return None
        if word == "wrong":
            raise UserError(value)
        return Ended(self.run, *value)

    def end(self) -> None:
        """End it, whatever it does."""
        self.talk.close()
        self.process.kill()
        self.process.join(_KILL_S)


def run_all(
    experiment: Experiment,
    runs: Iterable[Run],
    *,
    workers: int | None = None,
    begun: Callable[[Run], None],
    advanced: Callable[[Run, float], None],
    ended: Callable[[Ended], None],
) -> None:
    """Carry out `runs`, `workers` at a time (as many as cores). Leaves no process, however it ends.

    `begun` is told a run before it starts, `advanced` the virtual seconds that it has done, `ended` how it
    ended; all in this process. Raises the `UserError` of a run, and whatever those raise.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, "nightshift.bench.virtual.one_run"])
    waiting, at_work = list(reversed(list(runs))), list[_Worker]()
    count = min(len(waiting), workers or len(os.sched_getaffinity(0)))
    try:
        while waiting or at_work:
            while waiting and len(at_work) < count:
                begun(waiting[-1])
                at_work.append(_start(context, experiment, waiting.pop()))
            ready = wait([worker.talk for worker in at_work])
            for worker in [worker for worker in at_work if worker.talk in ready]:
                end = worker.hear(advanced)
                if end is None:
                    continue
                ended(end)
                if waiting and worker.process.is_alive():
                    begun(waiting[-1])
                    worker.begin(waiting.pop())
                else:
                    at_work.remove(worker)
                    worker.end()
    finally:
        for worker in at_work:
            worker.end()


def _start(context: ForkServerContext, experiment: Experiment, run: Run) -> _Worker:
    mine, its = context.Pipe()
    process = context.Process(target=_work, args=(experiment, its), daemon=True)
    process.start()
    its.close()
    worker = _Worker(process, mine, run)
    worker.begin(run)
    return worker


def _work(experiment: Experiment, talk: Connection) -> None:
    """What a process does. Ctrl-C is for the parent, which ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(signal.SIGKILL)
    with suppress(EOFError, BrokenPipeError):
        while True:
            talk.send(_made(experiment, talk.recv(), talk))


def _made(experiment: Experiment, run: Run, talk: Connection) -> tuple[str, Any]:
    """Make a run; return the last word on it."""
    from nightshift.bench.virtual.one_run import simulate

    why, before = None, os.times()
    try:
        simulate(experiment, run.system, run.repetition, lambda at_s: talk.send(("at", at_s)))
    except UserError as error:
        return "wrong", str(error)
    except OSError as error:
        why = f"{error.filename or experiment.folder}: {error.strerror}"
    except Exception as error:  # noqa: BLE001 - whatever it is, the other runs go on; it is shown
        why = f"{type(error).__name__}: {error}"
        traceback.print_exc()
    after = os.times()
    return "ended", (why, after.user + after.system - before.user - before.system)
