"""Several simulated runs at once: a process for each, as many as there are cores.

A process for each run, forked from a server that has everything imported: a run that dies takes no other
with it, and what it had in memory is gone when it ends.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess

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
class _Job:
    run: Run
    process: ForkServerProcess
    news: Connection
    said: Ended | None = None

    def hear(self, advanced: Callable[[Run, float], None]) -> bool:
        """Take what the process has to say; False once it says nothing more."""
        try:
            word, value = self.news.recv()
        except (EOFError, OSError):
            return False
        if word == "at":
            advanced(self.run, value)
        elif word == "wrong":
            raise UserError(value)
        else:
            self.said = Ended(self.run, *value)
        return True

    def ended(self) -> Ended:
        """Return how it ended, now that it has."""
        self.process.join()
        return self.said or Ended(self.run, f"its process ended with status {self.process.exitcode}", 0.0)

    def end(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.join(_KILL_S)
        self.news.close()


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
    waiting, at_work = list(reversed(list(runs))), list[_Job]()
    count = workers or len(os.sched_getaffinity(0))
    try:
        while waiting or at_work:
            while waiting and len(at_work) < count:
                begun(waiting[-1])
                at_work.append(_start(context, experiment, waiting.pop()))
            ready = wait([job.news for job in at_work])
            for job in [job for job in at_work if job.news in ready]:
                if not job.hear(advanced):
                    at_work.remove(job)
                    job.news.close()
                    ended(job.ended())
    finally:
        for job in at_work:
            job.end()


def _start(context: ForkServerContext, experiment: Experiment, run: Run) -> _Job:
    mine, its = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(experiment, run, its), daemon=True)
    process.start()
    its.close()
    return _Job(run, process, mine)


def _work(experiment: Experiment, run: Run, news: Connection) -> None:
    """What a process does. Ctrl-C is for the parent, which ends this one."""
    from nightshift.bench.virtual.one_run import simulate

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(signal.SIGKILL)
    why = None
    with suppress(BrokenPipeError):
        try:
            simulate(experiment, run.system, run.repetition, lambda at_s: news.send(("at", at_s)))
        except UserError as error:
            news.send(("wrong", str(error)))
            sys.exit(1)
        except OSError as error:
            why = f"{error.filename or experiment.folder}: {error.strerror}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the other runs go on; it is shown
            why = f"{type(error).__name__}: {error}"
            traceback.print_exc()
        cpu = os.times()
        news.send(("ended", (why, cpu.user + cpu.system)))
