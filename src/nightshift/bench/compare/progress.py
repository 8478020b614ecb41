"""What one sees while systems are measured: a bar for all of them, and a line for the one under way."""

from types import TracebackType
from typing import TYPE_CHECKING

from nightshift.balancing.presets import Preset

if TYPE_CHECKING:
    from rich.progress import TaskID


class Display:
    """A progress bar in a terminal; a line for each system elsewhere (a pipe, a log)."""

    def __init__(self, systems: int, seconds_each: float) -> None:
        """`seconds_each` is the real time that the users of one system will take."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._console = Console(stderr=True)
        self._systems = systems
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
        self._task: TaskID = self._progress.add_task("systems", total=systems * seconds_each, note="")
        self._counts: dict[str, dict[str, int]] = {}
        self._ticks: dict[str, int] = {}
        self._number = 0
        self._name = ""

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def system(self, number: int, system: Preset) -> None:
        """The `number`th system (from 0) begins."""
        self._number, self._name = number, system.title
        self._counts, self._ticks = {}, {}
        self._show("starting the fleet")
        if not self._console.is_terminal:
            self._console.print(f"[{number + 1}/{self._systems}] {self._name}", highlight=False, markup=False)

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
        self._show(f"{done} requests done, {running} running, {failed} failed")

    def _show(self, note: str) -> None:
        seconds = min(max(self._ticks.values(), default=0), self._seconds_each)
        self._progress.update(
            self._task,
            completed=self._number * self._seconds_each + seconds,
            description=f"[{self._number + 1}/{self._systems}] {self._name}",
            note=note,
        )
