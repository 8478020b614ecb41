"""`shared_prefix` shares exactly what it says."""

from itertools import islice

import pytest

from nightshift.bench.workloads import Program, workload
from nightshift.errors import UserError

SMALL = {"num_groups": 3, "num_prompts_per_group": 4, "system_prompt_len": 100, "question_len": 10}


def played(region: str = "a", **arguments: object) -> list[Program]:
    return [
        program
        for programs in workload("shared_prefix", {**SMALL, "num_users": 4, **arguments}).users(region)
        for program in islice(programs, 3)
    ]


def systems(programs: list[Program]) -> set[str]:
    return {program.first()[0].messages[0]["content"] for program in programs}


def questions(programs: list[Program]) -> set[str]:
    return {program.first()[0].messages[1]["content"] for program in programs}


def test_each_conversation_once_then_again() -> None:
    programs = played()
    assert len({one.id for one in programs}) == 12
    assert len(systems(programs)) == 3
    assert len(questions(programs)) == 12
    again = next(islice(workload("shared_prefix", {**SMALL, "num_users": 4}).users("a")[0], 3, None))
    assert again.id == f"{programs[0].id}#2"


def test_lengths() -> None:
    (call,) = played()[0].first()
    assert [len(message["content"]) for message in call.messages] == [400, 40]
    assert (call.max_tokens, call.ignore_eos) == (256, True)


def test_regions_share_system_prompts_but_no_question() -> None:
    here, there = played("a"), played("b")
    assert systems(here) == systems(there)
    assert not questions(here) & questions(there)
    assert {one.hash_key for one in here} == {"g0", "g1", "g2"}


def test_or_nothing() -> None:
    here, there = (played(region, same_in_all_regions=False) for region in ("a", "b"))
    assert not systems(here) & systems(there)
    assert {one.hash_key for one in here} == {"a-g0", "a-g1", "a-g2"}


def test_turns_go_on() -> None:
    program = played(num_turns=2)[0]
    (first,) = program.first()
    (second,) = program.answered(first, "Yes.")
    assert [message["role"] for message in second.messages] == ["system", "user", "assistant", "user"]
    assert not program.answered(second, "No.")


def test_no_system_prompt() -> None:
    assert [m["role"] for m in played(system_prompt_len=0)[0].first()[0].messages] == ["user"]


def test_too_few_for_the_users() -> None:
    with pytest.raises(UserError, match="3 groups of 4 conversations are too few for --num-users 13"):
        workload("shared_prefix", {**SMALL, "num_users": 13}).users("a")
