"""What one sees while runs are made: a bar over all of them, the time left, and a line for each run."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID


class Display:
    """A progress bar in a terminal; a line for each run elsewhere (a pipe, a log)."""

    def __init__(self, runs: int, seconds_each: float) -> None:
        """`runs` are those still to make; `seconds_each` is the time that the users of one go on."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._console = Console(stderr=True)
        self._runs = runs
        self._seconds_each = seconds_each
        self._progress = Progress(
            TextColumn("{task.description}", justify="left"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[note]}", style="dim"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID = self._progress.add_task("runs", total=max(1e-9, runs * seconds_each), note="")
        self._counts: dict[str, dict[str, int]] = {}
        self._ticks: dict[str, int] = {}
        self._under_way: dict[str, float] = {}
        self._begun = 0
        self._ended = 0
        self._title = ""
        self._started_at = time.monotonic()

    def __enter__(self) -> "Display":
        self._progress.start()
        self._started_at = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, title: str) -> None:
        """The run called `title` begins."""
        self._begun += 1
        self._title = title
        self._counts, self._ticks = {}, {}
        self._under_way[title] = 0.0
        self._show("starting")
        if not self._console.is_terminal:
            self.say(f"[{self._begun}/{self._runs}] {title}{self._left()}")

    def end(self, title: str, why: str | None) -> None:
        """The run called `title` is over; `why` it broke off, if it did."""
        self._under_way.pop(title, None)
        self._ended += 1
        self._show("")
        if why is not None:
            self.say(f"{title} broke off, and the others go on: {why}")

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def started(self, what: str, healthy: int, total: int) -> None:
        """A process of the fleet is healthy."""
        self._show(f"{healthy}/{total} processes up ({what})")

    def counts(self, region: str, counts: dict[str, int]) -> None:
        """A client said how far it is; it does so once a second."""
        self._counts[region] = counts
        self._ticks[region] = self._ticks.get(region, 0) + 1
        done, running, failed = (
            sum(one[key] for one in self._counts.values()) for key in ("done", "running", "failed")
        )
        self._under_way[self._title] = min(max(self._ticks.values()), self._seconds_each)
        self._show(f"{done} requests done, {running} running, {failed} failed")

    def at(self, title: str, seconds: float) -> None:
        """The run called `title` has come so far."""
        self._under_way[title] = min(seconds, self._seconds_each)
        self._show(f"{len(self._under_way)} at once" if len(self._under_way) > 1 else "")

    def _show(self, note: str) -> None:
        self._progress.update(
            self._task,
            completed=self._ended * self._seconds_each + sum(self._under_way.values()),
            description=f"[{min(self._ended + 1, self._runs)}/{self._runs}] {self._title}",
            note=note,
        )

    def _left(self) -> str:
        """How long the rest will take, by what the runs so far took; nothing before the first has ended."""
        if not self._ended:
            return ""
        each_s = (time.monotonic() - self._started_at) / self._ended
        return f", about {duration_text(each_s * (self._runs - self._ended))} left"


def duration_text(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
