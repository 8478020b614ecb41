"""The times of tokens, made of runs of steps, are those that an engine gives token by token."""

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.test_virtual import SMALL, Arrival, arrivals

from nightshift.engine.engine import Engine
from nightshift.engine.profiles import DeviceProfile
from nightshift.engine.request import make_request
from nightshift.engine.virtual import VirtualEngine

TIGHT = DeviceProfile("tight", 24 * 16, 61_000_000, 210_000, 550, 100_000, 64, 6, conservativeness=0.1)


def token_by_token(work: list[Arrival], profile: DeviceProfile, until_s: float) -> dict[str, list[float]]:
    """Do every step by itself, and note when each token comes."""
    engine, found = Engine(profile), defaultdict[str, list[float]](list)
    step, base_s, elapsed_ns = None, 0.0, 0
    arriving, now_s = [], 0.0
    for one in work:
        now_s += one.gap_s
        arriving.append((now_s, one.request))
    while True:
        end_s = until_s if step is None else base_s + (elapsed_ns + step.first_ns) * 1e-9
        if arriving and arriving[0][0] < end_s:
            at_s, request = arriving.pop(0)
            engine.submit(request)
            if step is None:
                base_s, elapsed_ns, step = at_s, 0, engine.begin_step()
            continue
        if step is None or end_s > until_s:
            return found
        elapsed_ns += step.first_ns
        for token in engine.end_step():
            found[token.request_id].append(end_s)
        step = engine.begin_step()


def from_runs(work: list[Arrival], profile: DeviceProfile, until_s: float) -> dict[str, list[float]]:
    engine, now_s = VirtualEngine(profile, logs_steps=True), 0.0
    for one in work:
        now_s += one.gap_s
        if now_s < until_s:
            engine.submit(now_s, one.request)
    so_far, times = engine.generated(until_s), engine.token_times(until_s)
    return {
        one.request.id: [
            times.step_ends_s[step]
            for steps in times.steps_of(one.request.id, so_far.get(one.request.id, one.request.answer_tokens))
            for step in steps
        ]
        for one in work
        if one.request.id in times.marks
    }


def same(work: list[Arrival], profile: DeviceProfile, until_s: float) -> None:
    expected = token_by_token(work, profile, until_s)
    found = from_runs(work, profile, until_s)
    assert set(found) == set(expected)
    for id_, times_s in expected.items():
        assert found[id_] == pytest.approx(times_s, abs=1e-6), id_


@given(arrivals(), st.sampled_from([1.03, 4.0, 20.5, 1e4]))
@settings(max_examples=60)
def test_runs_of_steps_give_the_times_of_single_tokens(work: list[Arrival], until_s: float) -> None:
    same(work, SMALL, until_s)


@pytest.mark.parametrize("until_s", [30.0, 45.5, 1e4])
def test_one_that_was_retracted_goes_on_where_it_was(until_s: float) -> None:
    # Room for one and a little, and a scheduler that hopes for short answers.
    work = [
        Arrival(2.0, make_request(f"w{i}", b"q%d" % i, max_tokens=300, ignore_eos=True), None)
        for i in range(6)
    ]
    same(work, TIGHT, until_s)
    engine = VirtualEngine(TIGHT, logs_steps=True)
    for at, one in enumerate(work):
        engine.submit(2.0 * (at + 1), one.request)
    engine.advance(1e4)
    parts = [len(engine.token_times(1e4).steps_of(one.request.id, 300)) for one in work]
    assert max(parts) > 1, "nothing was retracted, and this test says nothing"


def test_an_engine_that_does_not_log_says_so() -> None:
    with pytest.raises(RuntimeError, match="not logged"):
        VirtualEngine(SMALL).token_times(1.0)
