"""What a run says, in sentences made from its numbers, and what it does not say.

The rules: a system is named best only where it leads the next by more than `MARGIN`; one repetition has no
spread, and the text says so; failures come before any praise, since a system that loses its slow requests
looks quick.
"""

from collections.abc import Sequence

from nightshift.bench.figures.names import shown_name
from nightshift.bench.report import columns
from nightshift.bench.report.columns import MARGIN, Better, Column
from nightshift.bench.results import Json


def verdict(summary: Json) -> list[str]:
    """Return the sentences, each of which stands alone."""
    rows = summary["systems"]
    sentences = [
        _failures(rows),
        _compare(summary, columns.WEIGHTED, "weighted throughput", "token/s"),
        _compare(summary, columns.TTFT_P50, "median TTFT", "s"),
        _compare(summary, columns.TTFT_P90, "90th percentile of TTFT", "s"),
        _noise(summary),
    ]
    return [sentence for sentence in sentences if sentence]


def _failures(rows: Sequence[Json]) -> str:
    failed = [row for row in rows if columns.FAILED.value(row)]
    if not failed:
        return "No request failed."
    parts = (
        f"{columns.FAILED.text(row)} of {columns.REQUESTS.text(row)} with {_name(row)}" for row in failed
    )
    return (
        f"Requests failed: {'; '.join(parts)}. "
        "The latencies of a system are those of the requests that it answered."
    )


def _name(row: Json) -> str:
    return shown_name(row) if row.get("id") is None else f"{shown_name(row)} ({row['id']})"


def _compare(summary: Json, column: Column, name: str, unit: str) -> str:
    """Name the best and the next, and how far the baseline is from the best."""
    known = [row for row in summary["systems"] if column.value(row) is not None]
    if len(known) < 2:
        return ""
    ranked = sorted(known, key=lambda row: column.value(row) or 0.0, reverse=column.better is Better.HIGH)
    first, second = ranked[0], ranked[1]
    best, next_best, worst = (column.value(row) or 0.0 for row in (first, second, ranked[-1]))
    if columns.best_row(column, known, columns.noise_of(summary)) is None:
        spread = f"from {column.show(min(best, worst))} to {column.show(max(best, worst))} {unit}"
        return (
            f"No single best {name}: {_name(first)} and {_name(second)} are {_how_near(known, column)} "
            f"({column.show(best)} and {column.show(next_best)} {unit}); all systems lie {spread}."
        )
    end = "Highest" if column.better is Better.HIGH else "Lowest"
    return (
        f"{end} {name}: {_name(first)} with {column.show(best)} {unit}, then {_name(second)} with "
        f"{column.show(next_best)} {unit} ({_change(best, next_best)}){_to_baseline(known, first, column)}."
    )


def _how_near(known: Sequence[Json], column: Column) -> str:
    """Say why the best is not named: too near, or within what repetitions differ by."""
    near = columns.best_row(column, known) is None
    return f"within {MARGIN:.0%} of each other" if near else "apart by no more than noise"


def _to_baseline(rows: Sequence[Json], first: Json, column: Column) -> str:
    baseline = columns.baseline_of(rows)
    if baseline is None or baseline is first:
        return ""
    ours, theirs = column.value(first) or 0.0, column.value(baseline) or 0.0
    return f"; {_name(baseline)} has {column.show(theirs)} ({_change(ours, theirs)})"


def _change(best: float, other: float) -> str:
    """Say how far the best is from another value, as a share of that value."""
    if other == 0:
        return "no ratio to zero"
    return f"{abs(best / other - 1):.1%} {'more' if best > other else 'less'}"


def _noise(summary: Json) -> str:
    repetitions = int(summary.get("repetitions") or 1)
    if repetitions > 1:
        return f"Means of {repetitions} repetitions, compared pair by pair below."
    return (
        "One repetition: no spread is known, so a difference of a few per cent may be noise; "
        "run again with other seeds before you rely on it."
    )
