"""The systems compared pair by pair, as `summary.json` has it: ratio, its 95 % interval, and the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nightshift.bench.figures.names import numbered_name, shown_name
from nightshift.bench.report import columns
from nightshift.bench.report.columns import WITHIN_NOISE, Column
from nightshift.bench.report.html import Html, element, join, table
from nightshift.bench.results import Json
from nightshift.bench.statistics import HOW

SHOWN = (
    columns.WEIGHTED,
    columns.TTFT_P50,
    columns.TTFT_P90,
    columns.E2E_P50,
    columns.GOOD_SHARE,
    columns.HIT_RATE,
)
EXPLAINED = (
    f"Each system's figure as a multiple of the other's, with the 95 % interval of the ratio ({HOW}, of its "
    "logarithm); repetitions are paired by seed. Within noise: the interval holds 1. Nothing is corrected "
    "for how many are compared."
)
_OTHER_WAY = {"more": "less", "less": "more"}


@dataclass(frozen=True)
class Compared:
    """One figure of a system as a multiple of another's."""

    ratio: float | None
    interval: tuple[float, float] | None
    verdict: str

    @property
    def text(self) -> str:
        """Ratio and interval."""
        ratio = columns.ABSENT if self.ratio is None else f"{self.ratio:.2f}×"
        return (
            ratio if self.interval is None else f"{ratio} ({self.interval[0]:.2f} to {self.interval[1]:.2f})"
        )


def comparisons(summary: Json) -> Html:
    """Return a table against the baseline, and one of all other pairs; with one repetition a sentence."""
    found = summary.get("comparisons") or []
    rows = summary["systems"]
    baseline = columns.baseline_of(rows)
    if baseline is None or not found or int(summary.get("repetitions") or 1) < 2:
        return element(
            "p", "One repetition of each system: whether a difference is noise is not known.", class_="note"
        )
    known = {(row["a"], row["b"], row["figure"]): row for row in found}
    pairs = [(row, baseline) for row in rows if row is not baseline]
    rest = [(b, a) for place, a in enumerate(rows) for b in rows[place + 1 :] if a is not baseline]
    parts = [_table(known, pairs, f"Against {shown_name(baseline)}"), element("p", EXPLAINED, class_="note")]
    if rest:
        table = _table(known, rest, "All other pairs")
        parts.append(element("details", element("summary", f"All other pairs ({len(rest)})"), table))
    return join(parts)


def compared(
    known: Mapping[tuple[str, str, str], Json], one: str, other: str, figure: str
) -> Compared | None:
    """Find a comparison, turned round where the summary has it the other way."""
    row = known.get((one, other, figure))
    if row is not None:
        return Compared(row["ratio"], _pair(row["interval"]), str(row["verdict"]))
    row = known.get((other, one, figure))
    if row is None:
        return None
    interval = _pair(row["interval"])
    return Compared(
        1 / row["ratio"] if row["ratio"] else None,
        (1 / interval[1], 1 / interval[0]) if interval and min(interval) > 0 else None,
        _OTHER_WAY.get(str(row["verdict"]), str(row["verdict"])),
    )


def _pair(interval: Sequence[float] | None) -> tuple[float, float] | None:
    return None if interval is None else (float(interval[0]), float(interval[1]))


def _table(
    known: Mapping[tuple[str, str, str], Json], pairs: Sequence[tuple[Json, Json]], caption: str
) -> Html:
    head = [element("th", "Systems", scope="col")]
    head += [element("th", column.title, scope="col") for column in SHOWN]
    body = [
        element(
            "tr",
            element("th", f"{numbered_name(one)} against {numbered_name(other)}", scope="row"),
            *(
                _cell(compared(known, str(one["suffix"]), str(other["suffix"]), column.path), column)
                for column in SHOWN
            ),
        )
        for one, other in pairs
    ]
    return table(caption, head, body)


def _cell(found: Compared | None, column: Column) -> Html:
    if found is None:
        return element("td", columns.ABSENT)
    good = {columns.Better.HIGH: "more", columns.Better.LOW: "less"}.get(column.better)
    kind = "noise" if found.verdict == WITHIN_NOISE else "best" if found.verdict == good else None
    return element("td", found.text, element("span", found.verdict, class_="interval"), class_=kind)
