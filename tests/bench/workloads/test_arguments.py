"""Words of a command line become a workload's arguments, and mistakes are named."""

import pytest

from nightshift.bench.workloads.arguments import as_words, parse
from nightshift.errors import UserError


def test_flags_are_read_with_their_types() -> None:
    words = ["--num-conv", "40", "--duration=7.5", "--seed", "us-east-2", "--no-ignore-eos"]
    assert parse("arena_syn", words) == {
        "num_conv": 40,
        "duration": 7.5,
        "seed": "us-east-2",
        "ignore_eos": False,
    }


@pytest.mark.parametrize(
    ("word", "value"), [("--ignore-eos", True), ("--ignore-eos=false", False), ("--ignore-eos=true", True)]
)
def test_ways_to_say_yes_and_no(word: str, value: bool) -> None:
    assert parse("arena_syn", [word]) == {"ignore_eos": value}


def test_nothing_given_nothing_set() -> None:
    assert parse("arena_syn", []) == {}


def test_what_is_written_is_read_back() -> None:
    given = {"num_conv": 40, "ignore_eos": False, "data_set": "sharegpt"}
    assert parse("arena_syn", as_words({**given, "seed": None})) == given


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--branches", "2"], "workload arena_syn has no flag --branches; it has --num-users"),
        (["--num-conv"], "workload arena_syn: --num-conv needs a value"),
        (["--num-conv", "many"], "workload arena_syn: --num-conv 'many': "),
        (["many"], "workload arena_syn: 'many' belongs to no flag"),
        (["--no-num-conv", "1"], "workload arena_syn has no flag --no-num-conv"),
    ],
)
def test_mistakes_are_named(words: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse("arena_syn", words)
    assert str(caught.value).startswith(message)


def test_unknown_workload() -> None:
    with pytest.raises(UserError, match="unknown workload 'nope'"):
        parse("nope", [])
