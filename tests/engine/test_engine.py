"""The engine step by step, as the server drives it."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.engine.engine import Engine, Token
from nightshift.engine.profiles import PROFILES, DeviceProfile
from nightshift.engine.request import (
    ContextLengthExceededError,
    EngineRequest,
    RequestRefusedError,
    make_request,
)

TIGHT = DeviceProfile(
    "tight",
    kv_capacity_tokens=20 * 16,
    base_ns=1,
    prefill_token_ns=1,
    kv_token_ns=1,
    sequence_ns=1,
    chunked_prefill_tokens=32,
    max_running=5,
    conservativeness=0.1,
)


def ask(name: str, prompt: bytes = b"hello", tokens: int = 4) -> EngineRequest:
    return make_request(name, prompt, max_tokens=tokens, ignore_eos=True)


def run_dry(engine: Engine) -> list[Token]:
    tokens: list[Token] = []
    while engine.begin_step() is not None:
        tokens += engine.end_step()
    return tokens


def test_tokens_come_in_order_and_the_last_one_says_so() -> None:
    engine = Engine(TIGHT)
    engine.submit(ask("a", tokens=3))
    assert run_dry(engine) == [Token("a", 1, False, 0), Token("a", 2, False, 0), Token("a", 3, True, 0)]


def test_a_long_prompt_is_computed_in_chunks() -> None:
    engine = Engine(TIGHT)
    engine.submit(ask("a", b"x" * 4 * 70, tokens=1))
    assert [step_tokens(engine) for _ in range(3)] == [0, 0, 1]


def step_tokens(engine: Engine) -> int:
    assert engine.begin_step() is not None
    return len(engine.end_step())


def test_prefill_and_decode_share_a_step() -> None:
    engine = Engine(TIGHT)
    engine.submit(ask("a", tokens=5))
    step_tokens(engine)
    engine.submit(ask("b", b"y" * 80, tokens=5))
    step = engine.begin_step()
    assert step is not None
    # base + 20 prompt tokens + 2 tokens of KV + 2 sequences
    assert step.duration_ns(1) == 1 + 20 + 2 + 2
    assert {token.request_id for token in engine.end_step()} == {"a", "b"}


def test_what_can_never_fit_is_refused_with_the_numbers() -> None:
    engine = Engine(TIGHT)
    with pytest.raises(ContextLengthExceededError, match=r"320 tokens.*321.*300 in the prompt, 21 in"):
        engine.submit(ask("a", b"x" * 1200, tokens=21))
    engine.submit(ask("a", b"x" * 1200, tokens=20))
    assert run_dry(engine)[-1].finished


def test_an_empty_prompt_and_a_name_in_use_are_refused() -> None:
    engine = Engine(TIGHT)
    with pytest.raises(RequestRefusedError):
        engine.submit(ask("a", b""))
    engine.submit(ask("a"))
    with pytest.raises(RequestRefusedError):
        engine.submit(ask("a"))


def test_the_whole_prompt_in_cache_still_computes_the_last_block() -> None:
    engine = Engine(TIGHT)
    engine.submit(ask("a", b"x" * 256, tokens=1))
    run_dry(engine)
    engine.submit(ask("b", b"x" * 256, tokens=1))
    assert run_dry(engine) == [Token("b", 1, True, 48)]
    assert engine.stats().totals.prompt_tokens == 128
    assert engine.stats().totals.cached_tokens == 48


def test_max_running_holds_and_the_rest_waits() -> None:
    engine = Engine(TIGHT)
    for index in range(7):
        engine.submit(ask(f"r{index}", b"%d" % index, tokens=2))
    engine.begin_step()
    assert (engine.stats().running, engine.stats().pending) == (5, 2)


def test_abort_while_waiting_running_and_in_a_step() -> None:
    engine = Engine(TIGHT)
    for name in ("a", "b", "c"):
        engine.submit(ask(name, name.encode() * 40, tokens=20))
    assert engine.abort("c")  # waiting
    step_tokens(engine)
    assert engine.abort("a")  # running, between steps
    assert engine.stats().running == 1
    engine.begin_step()
    assert engine.abort("b")  # in a step
    assert engine.stats().running == 0
    assert engine.end_step() == []
    assert engine.stats().kv_used_tokens == 0
    assert not engine.abort("b")


def test_aborting_the_head_lets_the_next_one_in() -> None:
    engine = Engine(TIGHT)
    engine.submit(ask("running", b"r" * 400, tokens=100))
    for _ in range(4):
        step_tokens(engine)
    engine.submit(ask("too big for now", b"b" * 1000, tokens=50))
    engine.submit(ask("small", b"s", tokens=1))
    step_tokens(engine)
    assert engine.stats().pending == 2
    engine.abort("too big for now")
    engine.begin_step()
    assert engine.stats().pending == 0


def test_the_youngest_is_retracted_and_is_the_next_to_come_back() -> None:
    engine = Engine(TIGHT)
    for name in ("old", "young"):
        engine.submit(ask(name, name[:1].encode() * 120, tokens=150))
        for _ in range(10):
            step_tokens(engine)
    assert engine.stats().running == 2
    engine.submit(ask("later", b"l", tokens=200))
    while engine.stats().totals.retractions == 0:
        engine.begin_step()
        tokens = engine.end_step()
    assert {token.request_id for token in tokens} == {"old"}
    order = list(dict.fromkeys(token.request_id for token in run_dry(engine)))
    assert order == ["old", "young", "later"]


def test_profiles_are_what_their_names_say() -> None:
    assert all(name == profile.name for name, profile in PROFILES.items())
    l4 = PROFILES["l4-llama-3.1-8b"]
    assert l4.step_ns(prefill_tokens=512, kv_tokens=1000, sequences=1) == 61_000_000 + 107_520_000 + 650_000


def test_attention_among_the_tokens_of_a_prompt_is_paid_once_however_it_is_cut() -> None:
    def total_ns(chunk: int) -> int:
        profile = DeviceProfile("x", 10_000, 0, 0, 0, 0, chunk, prefill_pair_ns=1)
        engine = Engine(profile)
        engine.submit(ask("a", b"z" * 4 * 400, tokens=1))
        total = 0
        while (step := engine.begin_step()) is not None:
            total += step.duration_ns(1)
            engine.end_step()
        return total

    assert total_ns(2_048) == total_ns(64) == total_ns(7) == 400 * 399 // 2


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 400), st.integers(1, 80), st.booleans()),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 3),
)
def test_memory_is_never_exceeded_and_all_is_given_back(
    work: list[tuple[int, int, int, bool]], every: int
) -> None:
    engine = Engine(TIGHT)
    expected = {}
    for index, (letter, length, tokens, drop) in enumerate(work):
        request = ask(f"r{index}", b"abcd"[letter : letter + 1] * length, tokens)
        engine.submit(request)
        if not drop:
            expected[request.id] = request.answer_tokens
        for _ in range(every):
            if engine.begin_step() is not None:
                engine.end_step()
        check_memory(engine)
    for index, (*_, drop) in enumerate(work):
        if drop:
            engine.abort(f"r{index}")
    positions = run_checked(engine)
    for name, tokens in expected.items():
        if name in positions:
            assert positions[name][-1] == tokens
            assert positions[name] == list(range(tokens - len(positions[name]) + 1, tokens + 1))
    assert engine.pool.in_use == 0
    assert engine.pool.private == 0


def run_checked(engine: Engine) -> dict[str, list[int]]:
    positions = defaultdict(list)
    while engine.begin_step() is not None:
        check_memory(engine)
        for token in engine.end_step():
            positions[token.request_id].append(token.position)
        check_memory(engine)
    return positions


def check_memory(engine: Engine) -> None:
    pool = engine.pool
    assert pool.private >= 0
    assert 0 <= pool.cache.evictable <= pool.cache.blocks
    assert pool.cache.blocks + pool.private <= pool.capacity
