"""`arena_syn` honours its arguments, and the registry explains wrong ones."""

from itertools import islice

import pytest

from nightshift.bench.workloads import WORKLOADS, Program, workload
from nightshift.errors import UserError


def ids(programs: list[Program]) -> list[str]:
    return [program.id for program in programs]


def test_has_as_many_users_as_asked_for() -> None:
    assert len(workload("arena_syn", {"num_users": 7, "num_conv": 200}).users("r")) == 7


def test_num_conv_is_honoured() -> None:
    users = workload("arena_syn", {"num_users": 1, "num_conv": 12}).users("r")
    seen = ids(list(islice(users[0], 24)))
    assert len(set(seen[:12])) == 12
    assert seen[12:] == [f"{id_}#2" for id_ in seen[:12]]


def test_duration_and_seed_are_told() -> None:
    load = workload("arena_syn", {"duration": 90, "seed": 7})
    assert (load.name, load.duration_s, load.seed) == ("arena_syn", 90.0, "7")


def test_seed_may_be_a_region_as_in_the_original() -> None:
    one, other = (
        workload("arena_syn", {"num_conv": 5, "seed": seed}).users("r")
        for seed in ("us-east-2", "eu-central-1")
    )
    assert [p.first() for p in islice(one[0], 5)] != [p.first() for p in islice(other[0], 5)]


def test_the_longer_data_set_has_more_turns() -> None:
    def turns(data_set: str) -> int:
        programs = workload("arena_syn", {"num_conv": 400, "data_set": data_set}).users("r")[0]
        count = 0
        for program in islice(programs, 400):
            calls = list(program.first())
            while calls:
                count += 1
                calls = list(program.answered(calls[0], ""))
        return count

    assert turns("arena") < 0.85 * turns("lmsys-chat-1m")


def test_too_few_conversations_say_how_many_are_needed() -> None:
    with pytest.raises(UserError, match=r"num-users 50; give --num-conv 247 or more"):
        workload("arena_syn", {"num_users": 50, "num_conv": 50}).users("r")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_users": 0}, "--num-users 0: "),
        ({"duration": "soon"}, "--duration 'soon': "),
        ({"data_set": "x"}, "--data-set 'x': "),
        ({"branches": 2}, "--branches is not one of its arguments"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=f"^workload arena_syn: {message}"):
        workload("arena_syn", arguments)


def test_unknown_workload_lists_the_known() -> None:
    with pytest.raises(UserError, match="unknown workload 'chess'; known: " + ", ".join(WORKLOADS)):
        workload("chess", {})
