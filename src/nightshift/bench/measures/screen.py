"""The measures as `nightshift bench compare --help` and `bench client --help` list them: a line for each."""

from collections.abc import Iterator, Mapping
from textwrap import wrap

from nightshift.bench.measures.vocabulary import OTHER_NAMES

_WIDTH = 80
_NAME = 22

FORMULAS: Mapping[str, str] = {
    "ttft_s": "first content that is not empty - just before sending",
    "e2e_s": "chunk with a finish reason - just before sending",
    "tpot_s": "(E2E - TTFT) / (output tokens - 1)",
    "ntpot_s": "E2E / output tokens",
    "itl_s": "gaps between pieces of content, those of all requests in one pool",
    "queued_s": "time in a balancer's queue",
    "schedule_lag_s": "open loop: sent - due, the client's own delay; in no other figure",
    "weighted_token_per_s": "input + 2 x output tokens of finished requests / (latest end - earliest start)",
    "output_token_per_s": "output tokens of finished requests / the same seconds",
    "request_per_s": "finished requests / the same seconds",
    "goodput.share": "requests that kept the SLO / (finished + failed + those cut off too late to keep it)",
    "goodput.request_per_s": "requests that kept the SLO / the same seconds",
    "prefix_hit_rate": "cached / all prompt tokens, as engines report them",
    "handed_over": "requests that were served through a second balancer",
    "imbalance": "outstanding of the most / of the least loaded replica, at each sample; 1 is even",
}
"""What a reader looks at first, by its name in `summary.json`; `DEFINITIONS` has all, whole."""
CONFUSED = ("tpot_s", "ntpot_s", "itl_s")
"""Those whose names mean something else in another tool."""


def measures_help() -> str:
    """Return how the main figures are computed, and what the confusing ones are called elsewhere."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "Measures (seconds; of requests after the warm-up):\n"
    for name, formula in FORMULAS.items():
        yield from _entry(name, formula)
    yield "\nTools disagree on these names:\n"
    for names in OTHER_NAMES:
        if names.figure in CONFUSED:
            yield from _entry(names.figure, names.called)
    yield "\n`nightshift bench measures` has every figure, and all names of other tools."


def _entry(name: str, text: str) -> Iterator[str]:
    first, *more = wrap(text, _WIDTH - _NAME - 3)
    yield f"  {name:{_NAME}} {first}"
    yield from (" " * (_NAME + 3) + line for line in more)
