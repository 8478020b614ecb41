"""Balancers agree on what is recorded, and callers cannot have more recorded than is allowed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from nightshift.proxy.seen.sampling import Sampling
from nightshift.proxy.seen.trace_context import Parent

IDS = st.integers(1, 2**128 - 1)


def parent(trace_id: int, *, sampled: bool) -> Parent:
    return Parent(f"{trace_id:032x}", "b7ad6b7169203331", sampled, "")


def sampling(ratio: float, *, trust: bool = False) -> Sampling:
    return Sampling(ratio, trust_callers=trust, rng=Random(0))


@given(IDS, st.floats(0, 1))
def test_the_ratio_chooses_what_opentelemetry_chooses(trace_id: int, ratio: float) -> None:
    theirs = (
        TraceIdRatioBased(ratio).should_sample(None, trace_id, "x").decision is Decision.RECORD_AND_SAMPLE
    )
    assert sampling(ratio).choose(parent(trace_id, sampled=True)) == (trace_id, theirs)


@given(IDS, st.floats(0, 1), st.booleans())
def test_a_caller_that_does_not_record_is_obeyed(trace_id: int, ratio: float, trust: bool) -> None:
    assert sampling(ratio, trust=trust).choose(parent(trace_id, sampled=False)) == (trace_id, False)


@given(IDS)
def test_a_caller_that_records_is_obeyed_if_trusted(trace_id: int) -> None:
    assert sampling(0.0, trust=True).choose(parent(trace_id, sampled=True)).sampled
    assert not sampling(0.0).choose(parent(trace_id, sampled=True)).sampled


def test_new_traces_are_recorded_by_the_ratio() -> None:
    ours = sampling(0.25)
    chosen = [ours.choose(None) for _ in range(4_000)]
    assert sum(one.sampled for one in chosen) / len(chosen) == pytest.approx(0.25, abs=0.03)
    assert len({one.trace_id for one in chosen}) == len(chosen)
