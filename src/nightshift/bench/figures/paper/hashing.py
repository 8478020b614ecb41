"""Figure 6: what consistent hashing loses of the hit rate that a global view would have, by workload."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.ticker import PercentFormatter

from nightshift.backends.emulated.options import profile_named
from nightshift.bench.figures import style
from nightshift.bench.figures.data import RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.paper.replay import rates, requests_of
from nightshift.errors import UserError

TITLE = "Figure 6: hit rate lost by consistent hashing"
REQUESTS = 3000
"""Of each run, at the most: enough for some turns of each user."""


@dataclass(frozen=True)
class Row:
    """One workload with one size of caches."""

    run: RunData
    caches: str
    requests: int
    optimum: float
    hashed: float

    @property
    def label(self) -> str:
        """What stands at the row."""
        return f"{style.shortened(style.printable(self.run.title), 34)}\n{self.caches}"


def draw(runs: Sequence[RunData]) -> Iterator[Result]:
    """Draw one figure: two rows a run, caches without end and as large as the run's."""
    rows = [row for run in runs for row in rows_of(run)]
    if not rows:
        yield LeftOut(TITLE, "no run has a region with users")
        return
    figure = style.new_figure(1.1 + 0.42 * len(rows), TITLE, "offline replay of the data that the runs used")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        axes.plot([row.hashed, row.optimum], [place, place], color=style.FAINT, linewidth=2, zorder=1)
        axes.plot(
            [row.hashed], [place], "o", color="#d55e00", label="consistent hashing" if not place else None
        )
        axes.plot([row.optimum], [place], "D", color="#0072b2", label="optimum" if not place else None)
        axes.annotate(
            f"{100 * (row.optimum - row.hashed):.1f} points", (row.optimum, place), xytext=(7, 0),
            textcoords="offset points", va="center", fontsize=7.5,
        )  # fmt: skip
    style.list_systems(axes, [row.label for row in rows])
    axes.set_xlim(0, 1.18)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    axes.set_xlabel("prefix hit rate")
    axes.grid(axis="x")
    figure.legend(loc="outside lower left", ncols=2)
    said = "; ".join(f"{row.run.title}, {row.caches}: {row.optimum:.1%} and {row.hashed:.1%}" for row in rows)
    yield Drawing(
        name="figure-6",
        title=TITLE,
        caption=(
            "First requests of all users, taking turns, replayed through caches: one of all replicas' size "
            f"(optimum), or one a replica, chosen by the hash key. Optimum and hashed: {said}."
        ),
        alt=f"Dots of hit rates, optimum and consistent hashing. {said}.",
        figure=figure,
        header=("experiment", "workload", "caches", "requests", "optimum", "consistent_hashing", "lost"),
        rows=csv_rows(
            (
                row.run.title,
                row.run.run.get("workload"),
                row.caches,
                row.requests,
                row.optimum,
                row.hashed,
                row.optimum - row.hashed,
            )
            for row in rows
        ),
    )


def rows_of(run: RunData) -> Iterator[Row]:
    """Replay a run's data with both sizes of caches."""
    requests = requests_of(run, REQUESTS)
    if not requests:
        return
    sizes: list[tuple[str, int | None]] = [("caches without end", None)]
    capacity = _capacity_blocks(run)
    if capacity is not None:
        sizes.append((f"caches of {run.replicas} replicas", capacity))
    for name, blocks in sizes:
        found = rates(run, requests, blocks)
        yield Row(run, name, len(requests), found["optimum"], found["hashed"])


def _capacity_blocks(run: RunData) -> int | None:
    """The KV memory of a replica; None where it is no profile of ours."""
    try:
        return profile_named(str(run.run.get("engine", "")).removeprefix("emulated ")).kv_capacity_blocks
    except UserError:
        return None
