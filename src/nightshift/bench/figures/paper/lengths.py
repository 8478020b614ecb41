"""Figure 4: lengths of prompts and answers, and how uneven round robin leaves two replicas' KV memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from nightshift.balancing.presets import preset
from nightshift.bench.figures import style
from nightshift.bench.figures.data import Floats, RunData, SystemData, csv_rows, number
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.errors import UserError

LENGTHS = "Figure 4: lengths of prompts and answers"
IMBALANCE = "Figure 4: KV memory of two replicas under round robin"
LEAST_USE = 0.05
"""Where the emptier replica uses less of its KV memory, a ratio says nothing."""


def draw(runs: Sequence[RunData]) -> Iterator[Result]:
    """Draw both figures of each run."""
    for place, run in enumerate(runs):
        end = "" if len(runs) == 1 else f"-{place + 1}"
        yield _lengths(run, f"figure-4-lengths{end}")
        yield _imbalance(run, f"figure-4-imbalance{end}")


def _lengths(run: RunData, name: str) -> Result:
    records = [record for data in run.systems[:1] for record in data.read_records() if record.finished]
    kinds = {
        "prompt": np.sort([float(r.input_tokens) for r in records if r.input_tokens]),
        "answer": np.sort([float(r.output_tokens) for r in records if r.output_tokens]),
    }
    if not all(values.size for values in kinds.values()):
        return LeftOut(f"{LENGTHS}, {run.title}", "no finished request whose engine told its lengths")
    figure = style.new_figure(3.0, LENGTHS, run.subtitle)
    axes = figure.subplots()
    for (kind, values), (colour, line) in zip(
        kinds.items(), (("#0072b2", "-"), ("#d55e00", "--")), strict=True
    ):
        axes.plot(values, _shares(values), line, color=colour, label=kind, drawstyle="steps-post")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("tokens (log axis)")
    axes.set_ylabel("requests of at most this length")
    axes.grid()
    axes.legend(loc="lower right")
    said = "; ".join(
        f"{kind}: p50 {np.median(values):,.0f}, p95 {np.percentile(values, 95):,.0f}, most {values[-1]:,.0f}"
        for kind, values in kinds.items()
    )
    return Drawing(
        name=name,
        title=LENGTHS,
        caption=f"Tokens, as the engine reports them; a prompt has the whole conversation. {said}.",
        alt=f"Cumulative distributions. {said}.",
        figure=figure,
        header=("kind", "tokens", "share"),
        rows=csv_rows(
            (kind, float(tokens), float(share))
            for kind, values in kinds.items()
            for tokens, share in zip(values, _shares(values), strict=True)
        ),
    )


def _shares(values: Floats) -> Floats:
    return np.arange(1, values.size + 1) / values.size


@dataclass(frozen=True)
class Pair:
    """KV use of two replicas of one region over time, as shares."""

    data: SystemData
    names: tuple[str, str]
    times_s: Floats
    uses: tuple[Floats, Floats]

    @property
    def ratios(self) -> Floats:
        """Fuller over emptier; NaN where the emptier uses less than `LEAST_USE`."""
        fuller, emptier = np.maximum(*self.uses), np.minimum(*self.uses)
        return np.divide(fuller, emptier, out=np.full_like(fuller, np.nan), where=emptier >= LEAST_USE)


def pair_of(run: RunData) -> Pair | None:
    """Find a system with round robin, and the first two replicas of its first region that has two."""
    for data in run.systems:
        replicas = data.samples[-1].get("replicas") if data.samples else None
        if not replicas or not _is_round_robin(data.system.suffix):
            continue
        ordered = sorted(replicas, key=lambda name: (str(replicas[name]["region"]), name))
        for _region, group in groupby(ordered, key=lambda name: str(replicas[name]["region"])):
            names = list(group)[:2]
            if len(names) == 2:
                return _pair(data, (names[0], names[1]))
    return None


def _is_round_robin(suffix: str) -> bool:
    try:
        switches = preset(suffix).switches
    except UserError:
        return False
    return switches is not None and switches.replica_policy == "round_robin"


def _pair(data: SystemData, names: tuple[str, str]) -> Pair:
    samples = [s for s in data.samples if all(name in (s.get("replicas") or {}) for name in names)]
    first, second = (
        np.asarray([number(s["replicas"][name].get("kv_use")) for s in samples], dtype=np.float64)
        for name in names
    )
    return Pair(data, names, np.asarray([number(s["t"]) for s in samples]), (first, second))


def _imbalance(run: RunData, name: str) -> Result:
    pair = pair_of(run)
    if pair is None:
        why = "no system with round robin that was sampled with two replicas in a region"
        return LeftOut(f"{IMBALANCE}, {run.title}", why)
    known = pair.ratios[np.isfinite(pair.ratios)]
    said = (
        f"At most {known.max():.2f} ×, in the mean {known.mean():.2f} ×."
        if known.size
        else "Neither was in use."
    )
    figure = style.new_figure(3.4, IMBALANCE, run.subtitle)
    upper, lower = figure.subplots(2, 1, sharex=True)
    for use, one, (colour, line) in zip(
        pair.uses, pair.names, (("#0072b2", "-"), ("#d55e00", "--")), strict=True
    ):
        upper.plot(pair.times_s, use, line, color=colour, linewidth=1.0, label=style.printable(one))
    _label(upper, lower)
    lower.plot(pair.times_s, pair.ratios, color=style.INK, linewidth=1.0)
    figure.legend(loc="outside lower left", ncols=2)
    return Drawing(
        name=name,
        title=IMBALANCE,
        caption=(
            f"{pair.data.name}. {said} Sampled; a ratio is drawn where both use {LEAST_USE:.0%} or more. "
            "First repetition."
        ),
        alt=f"Lines over time. {said}",
        figure=figure,
        header=("t_s", *(f"kv_use_{one}" for one in pair.names), "ratio"),
        rows=csv_rows(
            tuple(float(value) for value in row)
            for row in zip(pair.times_s, *pair.uses, pair.ratios, strict=True)
        ),
    )


def _label(upper: Axes, lower: Axes) -> None:
    upper.set_ylim(0, 1.05)
    upper.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    upper.set_ylabel("KV memory in use")
    lower.set_ylabel("fuller / emptier")
    lower.set_xlabel("time (s)")
    for axes in (upper, lower):
        axes.grid(axis="y")
