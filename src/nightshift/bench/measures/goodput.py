"""How much of what was asked was answered well: the requests that kept every limit of an SLO.

A request that failed is not good. One that was cut off at the end of the run is not good if it had already
broken a limit (no first token within the limit of TTFT, or longer under way than that of E2E); if it had not,
nobody knows, and it counts neither way: it is told apart as `undecided`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nightshift.bench.measures.slo import Slo

if TYPE_CHECKING:
    from nightshift.bench.measures.columns import Bools, Columns, Floats


@dataclass(frozen=True, slots=True)
class Goodput:
    """Of the requests that began after the warm-up."""

    share: float | None
    """Good ones of those judged; None if none could be judged."""
    request_per_s: float
    token_per_s: float
    """Input and output tokens of the good ones, each counted once."""
    good: int
    judged: int
    undecided: int


def goodput(counted: "Columns", slo: Slo, span_s: float) -> Goodput:
    """Judge each request; the rates are over the same seconds as those of throughput."""
    import numpy as np

    good = counted.finished & _keeps(counted, slo)
    judged = counted.finished | counted.failed | (counted.unfinished & _broken(counted, slo))
    tokens = float((np.nan_to_num(counted.input_tokens) + counted.output_tokens)[good].sum())
    count = int(good.sum())
    return Goodput(
        share=count / int(judged.sum()) if judged.any() else None,
        request_per_s=count / span_s if span_s > 0 else 0.0,
        token_per_s=tokens / span_s if span_s > 0 else 0.0,
        good=count,
        judged=int(judged.sum()),
        undecided=int((~judged).sum()),
    )


def _keeps(columns: "Columns", slo: Slo) -> "Bools":
    """Which finished requests keep all limits. An answer of one token has no time between tokens to limit."""
    import numpy as np

    one_token = columns.output_tokens < 2
    within = np.ones(columns.count, dtype=np.bool_)
    for name, limit in slo.limits().items():
        kept: Bools = _times(columns, name) <= limit  # an unknown time is NaN, and keeps no limit
        within &= (kept | one_token) if name in ("tpot", "itl") else kept
    return within


def _broken(columns: "Columns", slo: Slo) -> "Bools":
    """Which requests had broken a limit already when they were cut off."""
    import numpy as np

    under_way_s = columns.end - columns.start
    waited_s = np.where(np.isnan(columns.ttft), under_way_s, columns.ttft)
    ttft, e2e = slo.ttft or np.inf, slo.e2e or np.inf
    broken: Bools = (waited_s > ttft) | (under_way_s > e2e)
    return broken


def _times(columns: "Columns", name: str) -> "Floats":
    match name:
        case "ttft":
            return columns.ttft
        case "tpot":
            return columns.tpot_s
        case "itl":
            return columns.itl_mean
        case "ntpot":
            return columns.ntpot_s
        case _:
            return columns.e2e_latency
