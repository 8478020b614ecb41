"""What one sees while the benchmark runs: a bar in a terminal, a line now and then elsewhere."""

from types import TracebackType


class Progress:
    """See `run.Display`; use it with `with`."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._console = Console(stderr=True)
        self._bar = Bar(
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", style="dim", markup=False),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=None)
        self._tenths = 0

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def note(self, text: str) -> None:
        """Something begins."""
        self._bar.update(self._task, description=text)

    def measured(self, done: int, total: int) -> None:
        """One more measurement is there."""
        self._bar.update(self._task, completed=done, total=total)
        tenths = 10 * done // total
        self._tenths = min(self._tenths, tenths)  # a part begins anew
        if tenths > self._tenths and not self._console.is_terminal:
            self._console.print(f"{done} of {total} measurements", highlight=False)
        self._tenths = tenths
