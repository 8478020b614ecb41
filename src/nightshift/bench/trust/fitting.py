"""From the times of answers to the terms of the step time: least squares without negative terms. Pure.

Each observation is one equation: so many base, prefill, pair, KV and sequence terms took so long. Equations
are divided by what was measured, so that relative errors count and a long prompt does not outweigh all.
With five unknowns the non-negative solution is found by trying every subset of terms, which is exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, median

from nightshift.bench.trust.probes import Heard
from nightshift.errors import UserError

TERMS = ("base_ns", "prefill_token_ns", "prefill_pair_ns", "kv_token_ns", "sequence_ns")


@dataclass(frozen=True, slots=True)
class Equation:
    """`counts` of the terms, in the order of `TERMS`, took `seconds`."""

    what: str
    counts: tuple[float, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Fit:
    """The terms in whole nanoseconds, and how well they say what was measured."""

    terms: dict[str, int]
    error_p50: float
    """Median of |said - measured| / measured over the equations."""
    error_worst: float
    equations: int


def equations(rounds: Iterable[Sequence[Heard]]) -> list[Equation]:
    """Return what can be learnt of these rounds of answers that were begun together."""
    found = []
    for heard in rounds:
        if len(heard) == 1:
            found.append(_prefill(heard[0]))
        decode = _decode(heard)
        if decode is not None:
            found.append(decode)
    return found


def _prefill(heard: Heard) -> Equation:
    tokens = heard.prompt_tokens
    counts = (1.0, float(tokens), tokens * (tokens - 1) / 2, 0.0, 1.0)
    return Equation(f"first token after {tokens} tokens", counts, heard.pieces[0] - heard.sent)


def _decode(heard: Sequence[Heard]) -> Equation | None:
    """The mean step while all of them are answered; None if that was not long enough to tell."""
    begin = max(one.pieces[0] for one in heard)
    end = min(one.pieces[-1] for one in heard)
    steps = fmean(_tokens_between(one, begin, end) for one in heard)
    if steps < 4:
        return None
    kv_tokens = sum(
        one.prompt_tokens + _tokens_between(one, one.pieces[0], begin) + steps / 2 for one in heard
    )
    counts = (1.0, 0.0, 0.0, kv_tokens, float(len(heard)))
    return Equation(f"a step of {len(heard)} at {kv_tokens:.0f} KV tokens", counts, (end - begin) / steps)


def _tokens_between(heard: Heard, begin: float, end: float) -> float:
    """Tokens that came after `begin` until `end`; a piece of content may be several, or part of one."""
    pieces = sum(begin < at <= end for at in heard.pieces)
    return pieces * max(heard.tokens - 1, 1) / max(len(heard.pieces) - 1, 1)


def fit(observed: Sequence[Equation]) -> Fit:
    """Return the terms, none negative, that say best what was observed; raises `UserError` for too few."""
    import numpy as np

    if len(observed) < len(TERMS):
        raise UserError(
            f"{len(observed)} observations are too few for {len(TERMS)} terms; the engine answered too little"
        )
    seconds = np.array([one.seconds for one in observed])
    rows = np.array([one.counts for one in observed]) / seconds[:, None]
    scale = np.maximum(rows.max(axis=0), 1e-300)
    best, least = np.zeros(len(TERMS)), float("inf")
    for size in range(1, len(TERMS) + 1):
        for chosen in combinations(range(len(TERMS)), size):
            columns = list(chosen)
            found = np.linalg.lstsq(rows[:, columns] / scale[columns], np.ones(len(rows)), rcond=None)[0]
            residual = float(np.sum((rows[:, columns] / scale[columns] @ found - 1) ** 2))
            if (found >= 0).all() and residual < least:
                least, best = residual, np.zeros(len(TERMS))
                best[columns] = found / scale[columns]
    errors = [abs(float(error)) for error in rows @ best - 1]
    terms = {name: round(float(value) * 1e9) for name, value in zip(TERMS, best, strict=True)}
    return Fit(terms, median(errors), max(errors), len(observed))
