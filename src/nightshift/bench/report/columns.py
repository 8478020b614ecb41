"""The columns of a results table: where a figure stands in a row of `summary.json`, its unit, its format.

Terminal and page use the same columns, so that they can never disagree. A figure that is absent or null is
shown as a dash, never as a zero.
"""

import math
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum

from nightshift.bench.results import Json

ABSENT = "–"
MARGIN = 0.02
"""A best value is marked only where it leads the next one by more than this share."""


WITHIN_NOISE = "within noise"
"""The verdict of a comparison whose interval holds the ratio 1."""
Noise = AbstractSet[tuple[str, AbstractSet[str]]]


class Better(Enum):
    """Which end of a column is the good one."""

    HIGH = "high"
    LOW = "low"
    NEITHER = "neither"


@dataclass(frozen=True)
class Column:
    """One figure of a system."""

    path: str
    """Keys into the row, joined by dots."""
    title: str
    unit: str
    show: Callable[[float], str]
    better: Better = Better.NEITHER
    optional: bool = False
    """Left out of a table in which no row has it."""

    def value(self, row: Json) -> float | None:
        """Read the figure; None where the row has none."""
        found: object = row
        for key in self.path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return float(found) if isinstance(found, int | float) and math.isfinite(found) else None

    def text(self, row: Json) -> str:
        """Show the figure of a row."""
        value = self.value(row)
        return ABSENT if value is None else self.show(value)


def count(value: float) -> str:
    """Show a number of things, or tokens a second."""
    return f"{value:,.0f}"


def rate(value: float) -> str:
    """Show requests a second."""
    return f"{value:,.2f}"


def seconds(value: float) -> str:
    """Show a latency with three significant digits, milliseconds at the finest."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def percent(value: float) -> str:
    """Show a share; the unit stands in the heading."""
    return f"{value * 100:.1f}"


def ratio(value: float) -> str:
    """Show how many times as much."""
    return f"{value:.2f}"


REQUESTS = Column("requests", "Requests", "", count)
FAILED = Column("failed", "Failed", "", count)
UNFINISHED = Column("unfinished", "Unfinished", "", count)
WEIGHTED = Column("weighted_token_per_s", "Weighted throughput", "token/s", count, Better.HIGH)
OUTPUT = Column("output_token_per_s", "Output throughput", "token/s", count, Better.HIGH)
WINDOW_WEIGHTED = Column(
    "window_weighted_token_per_s", "Weighted, in the window", "token/s", count, Better.HIGH, optional=True
)
WINDOW_OUTPUT = Column(
    "window_output_token_per_s", "Output, in the window", "token/s", count, Better.HIGH, optional=True
)
WITHOUT_FIRST_TOKEN = Column("without_first_token", "Without first token", "", count, optional=True)
WARMUP = Column("warmup_requests", "In warm-up", "", count, optional=True)
QUEUED = Column("queued", "Queued at a balancer", "", count, optional=True)
REQUEST_RATE = Column("request_per_s", "Finished requests", "1/s", rate, Better.HIGH)
GOOD_SHARE = Column("goodput.share", "Goodput", "%", percent, Better.HIGH, optional=True)
GOOD_RATE = Column("goodput.request_per_s", "Good requests", "1/s", rate, Better.HIGH, optional=True)
GOOD_TOKENS = Column("goodput.token_per_s", "Tokens of good ones", "1/s", count, Better.HIGH, optional=True)
UNDECIDED = Column("goodput.undecided", "Goodput undecided", "", count, optional=True)
IMBALANCE = Column("imbalance.mean", "Imbalance", "×", ratio, optional=True)
IMBALANCE_P90 = Column("imbalance.p90", "Imbalance p90", "×", ratio, optional=True)
IMBALANCE_OF_MEANS = Column("imbalance_of_means", "Imbalance of means", "×", ratio, optional=True)
HIT_RATE = Column("prefix_hit_rate", "Prefix hit rate", "%", percent, Better.HIGH)
HANDED_OVER = Column("handed_over", "Handed over", "", count)
CLIENT_CPU = Column("client_cpu_share", "Client CPU", "% of a core", percent)


def _times(key: str, name: str, better: Better, *, optional: bool = False) -> tuple[Column, ...]:
    return tuple(
        Column(f"{key}.{part}", f"{name} {part}", "s", seconds, better, optional)
        for part in ("mean", "p50", "p90", "p95", "p99")
    )


TTFT = _times("ttft_s", "TTFT", Better.LOW)
E2E = _times("e2e_s", "E2E", Better.LOW)
TPOT = _times("tpot_s", "TPOT", Better.LOW, optional=True)
ITL = _times("itl_s", "ITL", Better.LOW, optional=True)
SCHEDULE_LAG = _times("schedule_lag_s", "Schedule lag", Better.NEITHER, optional=True)
QUEUE_TIME = _times("queued_s", "Queued", Better.NEITHER, optional=True)  # waiting here saves waiting there
TTFT_P50, TTFT_P90, E2E_P50 = TTFT[1], TTFT[2], E2E[1]

MAIN = (
    WEIGHTED, OUTPUT, TTFT_P50, TTFT_P90, E2E_P50, GOOD_SHARE, HIT_RATE, FAILED, UNFINISHED,
    HANDED_OVER, IMBALANCE,
)  # fmt: skip
LATENCIES = (*TTFT, *E2E)
TOKEN_TIMES = (*TPOT, *ITL)
WAITING = (*QUEUE_TIME, *SCHEDULE_LAG)
GOOD_AND_EVEN = (GOOD_RATE, GOOD_TOKENS, UNDECIDED, IMBALANCE_P90, IMBALANCE_OF_MEANS)
FURTHER = (
    REQUESTS, REQUEST_RATE, WINDOW_WEIGHTED, WINDOW_OUTPUT, QUEUED, WITHOUT_FIRST_TOKEN, WARMUP, CLIENT_CPU,
)  # fmt: skip
REGIONAL = (
    REQUESTS, FAILED, UNFINISHED, OUTPUT, TTFT_P50, TTFT_P90, E2E_P50, GOOD_SHARE, HIT_RATE, IMBALANCE,
    HANDED_OVER,
)  # fmt: skip


def best_row(column: Column, rows: Sequence[Json], noise: Noise = frozenset()) -> int | None:
    """Index of the best row of a column; None unless it leads the next by more than `MARGIN`.

    The lead is measured against the next value, so the rule is the same for high and low columns. A lead
    that is within the noise of the repetitions is none.
    """
    if column.better is Better.NEITHER:
        return None
    sign = 1.0 if column.better is Better.HIGH else -1.0
    ranked = sorted(
        (
            (sign * value, -place)
            for place, row in enumerate(rows)
            if (value := column.value(row)) is not None
        ),
        reverse=True,
    )
    if len(ranked) < 2:
        return None
    (first, place), (second, next_place) = ranked[0], ranked[1]
    if first - second <= MARGIN * abs(second):
        return None
    pair = frozenset(str(rows[-one].get("suffix")) for one in (place, next_place))
    return None if (column.path, pair) in noise else -place


def noise_of(summary: Json) -> Noise:
    """Figure and pair of systems (by suffix) of each comparison that is within noise."""
    return frozenset(
        (str(row["figure"]), frozenset((str(row["a"]), str(row["b"]))))
        for row in summary.get("comparisons") or ()
        if row["verdict"] == WITHIN_NOISE
    )


def ratio_to(baseline: Json | None, row: Json) -> str:
    """Weighted throughput as a multiple of the baseline's."""
    ours, theirs = WEIGHTED.value(row), WEIGHTED.value(baseline) if baseline is not None else None
    return ABSENT if ours is None or not theirs else f"{ours / theirs:.2f}×"


def baseline_of(rows: Sequence[Json]) -> Json | None:
    """What the others are compared with: system 0, or the first where it did not run."""
    return next((row for row in rows if row["id"] == 0), rows[0] if rows else None)


def interval_of(column: Column, row: Json) -> str:
    """The 95 % interval of a figure, as text; empty where none is known, or all repetitions are equal."""
    found = (row.get("intervals") or {}).get(column.path)
    if found is None or any(value is None for value in found) or found[0] == found[1]:
        return ""
    return f"{column.show(found[0])} to {column.show(found[1])}"


def present(shown: Sequence[Column], rows: Sequence[Json]) -> list[Column]:
    """Drop the optional columns that no row has."""
    return [
        column
        for column in shown
        if not column.optional or any(column.value(row) is not None for row in rows)
    ]
