"""Validation against an engine that is the model itself: then nothing but the clock may differ."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.bench.trust.test_agreement import record

from nightshift.backends.emulated.options import EngineOptions
from nightshift.backends.emulated.serve import serving
from nightshift.bench.client import ClientSummary
from nightshift.bench.trust.agreement import agreement
from nightshift.bench.trust.modelled import modelled
from nightshift.bench.trust.validation import SYSTEM_MESSAGE, Outcome, Trial, overall, validated
from nightshift.engine.profiles import DeviceProfile
from nightshift.processes import address_of, bind

SMALL = DeviceProfile("small", 9_000, 4_000_000, 20_000, 100, 10_000, 2_048, max_running=4)


@contextmanager
def running(profile: DeviceProfile) -> Iterator[str]:
    """An emulated engine in a thread of its own, since the validation has a loop of its own."""
    ready, ended = threading.Event(), asyncio.Event()
    sock = bind("127.0.0.1", 0)
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(EngineOptions(profile, "small"), sock):
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(10)
    try:
        yield address_of(sock)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


def test_the_same_requests_are_asked_of_both() -> None:
    trial = Trial("arena_syn", {"duration": 2.0}, (1, 3), "7")
    begun: list[int] = []
    with running(SMALL) as address:
        outcomes = validated(address, None, SMALL, trial, begun.append)
    assert begun == [1, 3]
    for outcome in outcomes:
        found = outcome.agreement
        assert found.pairs > 0
        for real in outcome.measured:
            if not real.finished:
                continue
            twin = [
                s
                for s in outcome.said
                if (s.program_id, s.turn) == (real.program_id, real.turn) and s.finished
            ]
            # What a prompt is and what is cached of it does not depend on the clock with one user.
            if twin and outcome.users == 1:
                assert (real.input_tokens, real.cached_tokens) == (
                    twin[0].input_tokens,
                    twin[0].cached_tokens,
                )
    assert overall(outcomes)["pairs"] == sum(outcome.agreement.pairs for outcome in outcomes)


def test_conversations_begin_with_the_same_system_message() -> None:
    load = Trial("arena_syn", {"duration": 5.0}, (1,), "7").of(1)
    program = next(load.users("us-east-2")[0])
    (first,) = program.first()
    assert first.messages[0] == SYSTEM_MESSAGE
    for following in program.answered(first, "so"):
        assert [m["role"] for m in following.messages] == ["system", "user", "assistant", "user"]
        assert following.messages[1] == first.messages[1]


def test_other_numbers_of_users_hold_other_conversations() -> None:
    trial = Trial("arena_syn", {"duration": 5.0}, (1, 4), "7")
    texts = [
        next(trial.of(users).users("us-east-2")[0]).first()[0].messages[1]["content"] for users in (1, 4)
    ]
    assert texts[0] != texts[1]


def test_all_together_counts_each_request_once() -> None:
    client = ClientSummary("r", "m", 1, 0, 0, 1.0, False, 0.1, 0.0, 0.0, 1.0, "synthetic")
    run = [record("a", 0, 0.0, 1.0)]
    outcomes = [Outcome(users, run, run, client, agreement(run, run)) for users in (1, 4)]
    together = overall(outcomes)
    assert together["pairs"] == 2
    assert not [name for name in together if "per_s" in name]


def test_the_model_is_deterministic() -> None:
    load = Trial("arena_syn", {"duration": 20.0}, (3,), "7").of(3)
    assert modelled(load, "us-east-2", SMALL, ramp_s=2.0) == modelled(load, "us-east-2", SMALL, ramp_s=2.0)
    assert pytest.approx(20.0) == max(one.end for one in modelled(load, "us-east-2", SMALL, ramp_s=2.0))
