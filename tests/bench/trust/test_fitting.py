"""The fit finds the terms again that made the times, and says how far off it is when nothing fits."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.bench.trust.fitting import TERMS, equations, fit
from nightshift.bench.trust.probes import Heard, Probe, ladder, model_tokens, prompt_text
from nightshift.engine.profiles import DeviceProfile
from nightshift.errors import UserError

CPU = DeviceProfile(
    "cpu", 50_000, 12_000_000, 5_500_000, 10_000, 900_000, 2_048, max_running=4, prefill_pair_ns=2_000
)


def answers(profile: DeviceProfile, probe: Probe, start: float) -> list[Heard]:
    """What an engine of exactly this profile answers, all prompts computed in the first step."""
    tokens = probe.prompt_tokens
    at = start + 1e-9 * profile.step_ns(
        prefill_tokens=tokens * probe.streams,
        prefill_pairs=probe.streams * tokens * (tokens - 1) // 2,
        kv_tokens=0,
        sequences=probe.streams,
    )
    times = [at]
    for step in range(1, probe.answer_tokens):
        kv_tokens = probe.streams * (tokens + step)
        at += 1e-9 * profile.step_ns(prefill_tokens=0, kv_tokens=kv_tokens, sequences=probe.streams)
        times.append(at)
    return [Heard(tokens, tokens, 0, start, tuple(times), probe.answer_tokens) for _ in range(probe.streams)]


def test_the_terms_are_found_again() -> None:
    probes = ladder(context_tokens=2_048, slots=4, repeat=1, rng=Random(1))
    found = fit(equations([answers(CPU, probe, 100.0) for probe in probes]))
    for term in TERMS:
        assert found.terms[term] == pytest.approx(getattr(CPU, term), rel=0.05)
    assert found.error_worst < 0.01


@settings(max_examples=30, deadline=None)
@given(
    base=st.integers(1_000_000, 80_000_000),
    prefill=st.integers(10_000, 6_000_000),
    pair=st.integers(0, 5_000),
    kv=st.integers(0, 20_000),
    sequence=st.integers(0, 2_000_000),
)
def test_no_term_is_negative_and_times_are_said_well(
    base: int, prefill: int, pair: int, kv: int, sequence: int
) -> None:
    made = DeviceProfile("x", 50_000, base, prefill, kv, sequence, 2_048, prefill_pair_ns=pair)
    probes = ladder(context_tokens=2_048, slots=4, repeat=1, rng=Random(1))
    found = fit(equations([answers(made, probe, 0.0) for probe in probes]))
    assert all(value >= 0 for value in found.terms.values())
    assert found.error_worst < 0.02


def test_what_does_not_fit_is_said() -> None:
    probes = ladder(context_tokens=2_048, slots=1, repeat=1, rng=Random(1))
    rounds = [answers(CPU, probe, 0.0) for probe in probes]
    slow = rounds[0][0]
    rounds[0] = [Heard(slow.prompt_tokens, None, 0, 0.0, tuple(3 * at for at in slow.pieces), slow.tokens)]
    assert fit(equations(rounds)).error_worst > 0.3


def test_too_few_observations_are_refused() -> None:
    with pytest.raises(UserError, match="too few"):
        fit(equations([answers(CPU, Probe(100, 1), 0.0)]))


def test_pieces_of_several_tokens_count_as_such() -> None:
    probe = Probe(200, 1, 32)
    whole = answers(CPU, probe, 0.0)[0]
    paired = Heard(200, 200, 0, 0.0, whole.pieces[::2], 32)
    single, double = equations([[whole]])[1], equations([[paired]])[1]
    assert double.seconds == pytest.approx(single.seconds, rel=0.05)


@pytest.mark.parametrize("tokens", [24, 100, 1_400])
def test_prompts_have_the_length_that_is_asked_for_and_share_nothing(tokens: int) -> None:
    rng = Random(5)
    texts = [prompt_text(rng, tokens) for _ in range(20)]
    for text in texts:
        assert model_tokens([("user", text)]) == pytest.approx(tokens, abs=4)
    assert len({text[:8] for text in texts}) == 20


def test_the_ladder_keeps_to_the_context_and_the_slots() -> None:
    probes = ladder(context_tokens=512, slots=2, repeat=2, rng=Random(1))
    assert {probe.streams for probe in probes} == {1, 2}
    assert all(probe.prompt_tokens + probe.answer_tokens <= 512 for probe in probes)
    assert {probe.streams for probe in ladder(context_tokens=512, slots=1, repeat=1, rng=Random(1))} == {1}
