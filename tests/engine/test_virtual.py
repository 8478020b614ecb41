"""Many steps at once must give what one step at a time gives; and the engine's promises hold."""

from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.engine.engine import Engine
from nightshift.engine.profiles import PROFILES, DeviceProfile
from nightshift.engine.request import EngineRequest, make_request
from nightshift.engine.stats import EngineStats
from nightshift.engine.virtual import Milestone, Progress, VirtualEngine

SMALL = DeviceProfile(
    "small",
    kv_capacity_tokens=26 * 16,
    base_ns=61_000_000,
    prefill_token_ns=210_000,
    kv_token_ns=550,
    sequence_ns=100_000,
    chunked_prefill_tokens=64,
    max_running=6,
    conservativeness=0.1,  # so that memory runs out now and then
)


@dataclass(frozen=True)
class Arrival:
    gap_s: float
    request: EngineRequest
    abort_after_s: float | None


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    """Return requests that share prefixes, some of which are aborted."""
    found = []
    for index in range(draw(st.integers(1, 14))):
        words = draw(st.lists(st.sampled_from(["a" * 64, "b" * 64, "c" * 130]), max_size=5))
        prompt = ("".join(words) + "x" * draw(st.integers(1, 70))).encode()
        request = make_request(
            f"r{index}",
            prompt,
            max_tokens=draw(st.integers(1, 200)),
            ignore_eos=draw(st.booleans()),
        )
        gap_s = draw(st.sampled_from([0.0, 0.061, 0.0611, 0.3, 2.0, 15.0]))
        abort_after_s = draw(st.none() | st.sampled_from([0.0, 0.05, 0.5, 3.0]))
        found.append(Arrival(gap_s, request, abort_after_s))
    return found


def drive(
    work: list[Arrival], *, fast: bool, profile: DeviceProfile = SMALL
) -> tuple[list[Progress], list[EngineStats], VirtualEngine]:
    events: list[tuple[float, int, Arrival, bool]] = []
    now_s = 0.0
    for order, arrival in enumerate(work):
        now_s += arrival.gap_s
        events.append((now_s, order, arrival, True))
        if arrival.abort_after_s is not None:
            events.append((now_s + arrival.abort_after_s, order, arrival, False))
    engine = VirtualEngine(profile, fast=fast)
    stats = []
    for at_s, _, arrival, arrives in sorted(events, key=lambda event: (event[0], event[1], not event[3])):
        if arrives:
            engine.submit(at_s, arrival.request)
        else:
            engine.abort(at_s, arrival.request.id)
        stats.append(engine.stats(at_s))
    progress = []
    while (at := engine.next_event_s) is not None:
        progress += engine.advance(at)
    stats.append(engine.stats(1e9))
    return progress, stats, engine


@given(arrivals(), st.sampled_from([1, 16]))
def test_fast_forward_equals_step_by_step(work: list[Arrival], block_tokens: int) -> None:
    profile = replace(SMALL, block_tokens=block_tokens)
    fast_progress, fast_stats, _ = drive(work, fast=True, profile=profile)
    slow_progress, slow_stats, _ = drive(work, fast=False, profile=profile)
    assert fast_progress == slow_progress
    assert fast_stats == slow_stats


@given(arrivals())
def test_same_input_same_trace(work: list[Arrival]) -> None:
    assert drive(work, fast=True)[:2] == drive(work, fast=True)[:2]


@given(arrivals())
def test_each_request_that_is_not_aborted_finishes_once(work: list[Arrival]) -> None:
    progress, stats, _ = drive(work, fast=True)
    seen = Counter((one.request_id, one.milestone) for one in progress)
    assert max(seen.values(), default=1) == 1
    for arrival in work:
        if arrival.abort_after_s is None:
            assert seen[arrival.request.id, Milestone.FIRST_TOKEN] == 1
            assert seen[arrival.request.id, Milestone.FINISHED] == 1
    assert stats[-1].pending == stats[-1].running == stats[-1].kv_used_tokens == 0
    assert stats[-1].totals.finished + stats[-1].totals.aborted == len(work)


@given(arrivals(), st.sampled_from([1, 16]))
def test_less_than_the_whole_prompt_is_cached(work: list[Arrival], block_tokens: int) -> None:
    progress, stats, _ = drive(work, fast=True, profile=replace(SMALL, block_tokens=block_tokens))
    assert all(0 <= one.cached_tokens < one.prompt_tokens for one in progress)
    assert all(one.kv_used_tokens <= one.kv_capacity_tokens for one in stats)


@given(arrivals())
def test_first_come_first_served_without_retraction(work: list[Arrival]) -> None:
    calm = [replace(arrival, abort_after_s=None) for arrival in work]
    progress, stats, _ = drive(calm, fast=True)
    if stats[-1].totals.retractions == 0:
        first = [one.request_id for one in progress if one.milestone is Milestone.FIRST_TOKEN]
        assert first == [arrival.request.id for arrival in calm]


@given(arrivals())
def test_tokens_generated_are_tokens_asked_for(work: list[Arrival]) -> None:
    calm = [replace(arrival, abort_after_s=None) for arrival in work]
    _, stats, _ = drive(calm, fast=True)
    assert stats[-1].totals.generated_tokens == sum(arrival.request.answer_tokens for arrival in calm)


def test_retraction_happens_and_loses_nothing() -> None:
    # Room for one and a little, and a scheduler that hopes for short answers.
    profile = replace(SMALL, kv_capacity_tokens=24 * 16)
    warm = [
        Arrival(2.0, make_request(f"w{i}", b"q%d" % i, max_tokens=300, ignore_eos=True), None)
        for i in range(6)
    ]
    progress, stats, _ = drive(warm, fast=True, profile=profile)
    assert stats[-1].totals.retractions > 0
    assert {one.request_id for one in progress if one.milestone is Milestone.FINISHED} == {
        f"w{i}" for i in range(6)
    }
    assert progress == drive(warm, fast=False, profile=profile)[0]


def test_time_of_one_request_is_the_formula() -> None:
    profile = PROFILES["l4-llama-3.1-8b"]
    request = make_request("r", b"p" * 4 * 100, max_tokens=3, ignore_eos=True)
    progress, _, _ = drive([Arrival(0.0, request, None)], fast=True, profile=profile)
    first, last = progress
    assert first.at_s == pytest.approx(0.061 + 100 * 0.00021 + 0.0001)
    assert last.at_s - first.at_s == pytest.approx(2 * 0.0611 + (100 + 101) * 0.55e-6)


def test_second_turn_hits_prompt_and_answer() -> None:
    first = make_request("one", b"p" * 640, max_tokens=64, ignore_eos=True)
    second = make_request("two", first.prompt + first.answer + b"and then?" * 8, max_tokens=5)
    progress, _, _ = drive([Arrival(0.0, first, None), Arrival(90.0, second, None)], fast=True)
    # 160 prompt tokens and 63 of the answer have KV (nothing was computed after the last): 13 blocks.
    assert progress[-1].cached_tokens == 13 * 16


def test_a_cut_run_takes_an_arrival_in_at_the_next_step() -> None:
    long = make_request("long", b"p" * 64, max_tokens=300, ignore_eos=True)
    late = make_request("late", b"q" * 64, max_tokens=1)
    progress, _, _ = drive([Arrival(0.0, long, None), Arrival(5.0, late, None)], fast=True)
    at_s = next(one.at_s for one in progress if one.request_id == "late")
    # At worst: the whole step under way, then its own.
    assert 5.0 + 0.061 < at_s < 5.0 + 2 * 0.075


@pytest.mark.parametrize("fast", [True, False])
def test_a_step_that_ends_at_an_arrival_has_ended(fast: bool) -> None:
    # Steps of exactly a quarter of a second.
    even = DeviceProfile("even", 1600, 250_000_000, 0, 0, 0, 64)
    long = make_request("long", b"p" * 64, max_tokens=99, ignore_eos=True)
    late = make_request("late", b"q" * 64, max_tokens=1)
    progress, _, _ = drive([Arrival(0.0, long, None), Arrival(5.0, late, None)], fast=fast, profile=even)
    # The step from 5.0 to 5.25 began before the arrival was known.
    assert next(one.at_s for one in progress if one.request_id == "late") == 5.5


def test_an_idle_engine_waits_for_nothing() -> None:
    engine = VirtualEngine(SMALL)
    assert engine.next_event_s is None
    assert engine.advance(5.0) == []
    assert engine.abort(6.0, "nobody") is False


def test_instant_profile_finishes_at_once() -> None:
    engine = VirtualEngine(PROFILES["instant"])
    engine.submit(3.0, make_request("r", b"hello", max_tokens=50, ignore_eos=True))
    assert [one.at_s for one in engine.advance(3.0)] == [3.0, 3.0]


def test_misuse_of_steps_is_refused() -> None:
    engine = Engine(SMALL)
    with pytest.raises(RuntimeError):
        engine.end_steps(1)
    engine.submit(make_request("r", b"hello", max_tokens=2))
    engine.begin_step()
    with pytest.raises(RuntimeError):
        engine.begin_step()


def test_blocks_of_one_token_cache_all_but_the_last() -> None:
    turns = [Arrival(0.0, make_request(name, b"p" * 4 * 50, max_tokens=1), None) for name in ("a", "b")]
    later = [turns[0], replace(turns[1], gap_s=60.0)]
    for block_tokens, cached in ((1, 49), (16, 48)):
        progress, _, _ = drive(later, fast=True, profile=replace(SMALL, block_tokens=block_tokens))
        assert progress[-1].cached_tokens == cached


def test_an_admitted_prompt_leaves_the_blocks_that_this_step_takes() -> None:
    """Memory is full, the reserve small, and who decodes fills blocks in the step of an admission."""
    asked = [
        (0.0, b"a" * 64 + b"x", 1, None),
        (0.061, b"c" * 130 + b"x", 1, None),
        (0.061, b"c" * 260 + b"x" * 49, 52, None),
        (0.061, b"b" * 64 + b"a" * 128 + b"x", 93, None),
        (0.061, b"x" * 61, 128, None),
        (0.0, b"a" * 64 + b"x", 182, 3.0),
        (0.0, b"a" * 256 + b"x", 1, None),
        (0.0, b"x", 1, None),
    ]
    work = [
        Arrival(gap_s, make_request(f"r{number}", prompt, max_tokens=tokens), abort_after_s)
        for number, (gap_s, prompt, tokens, abort_after_s) in enumerate(asked)
    ]
    for fast in (True, False):
        _, stats, _ = drive(work, fast=fast)
        assert stats[-1].totals.finished + stats[-1].totals.aborted == len(work)
