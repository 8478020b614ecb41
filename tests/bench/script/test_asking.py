"""What the users of each region ask, from the words of the command line."""

import pytest

from nightshift.bench.script.asking import asked, regions_of
from nightshift.errors import UserError

SEED = "--workload arena_syn --duration 240 --num-conv 2000"
"""As the seed document gives it."""


def test_exactly_one_of_the_two_options_for_regions() -> None:
    assert regions_of(["a", "b"], None) == {"a": "", "b": ""}
    assert regions_of([], '{"a": "--num-users 2"}') == {"a": "--num-users 2"}
    for regions, args in (([], None), (["a"], '{"a": ""}')):
        with pytest.raises(UserError, match="only one"):
            regions_of(regions, args)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"a": 3}', '"a"'])
def test_region_to_args_that_are_no_words_by_region(text: str) -> None:
    with pytest.raises(UserError, match="--region-to-args"):
        regions_of([], text)


def test_a_region_named_twice() -> None:
    with pytest.raises(UserError, match="twice"):
        regions_of(["a", "a"], None)


def test_own_words_are_added_to_those_of_all_regions() -> None:
    found = asked(SEED, {"a": "--num-users 100", "b": "--num-users=50"}, {})
    assert [one.users for one in found.values()] == [100, 50]
    assert {(one.workload, one.duration_s) for one in found.values()} == {("arena_syn", 240.0)}
    assert "--num-conv=2000" in found["a"].words()


def test_words_come_back_as_the_client_takes_them() -> None:
    found = asked(SEED + " --model m --warmup 20", {"a": "--num-users 100"}, {"speed": "6"})["a"]
    assert found.warmup_s == 20
    again = asked(" ".join(found.words()), {"a": ""}, {})["a"]
    assert (again.workload, again.arguments, again.client) == (found.workload, found.arguments, found.client)


def test_the_users_own_speed_goes_before_that_of_the_fleet() -> None:
    assert asked("--speed 2", {"a": ""}, {"speed": "6"})["a"].client["speed"] == "2"


@pytest.mark.parametrize(
    ("extra", "own", "said"),
    [
        (SEED + " --num-users 3", "--num-users 100", "--num-users is in --extra-args and in"),
        (SEED + " --no-ignore-eos", "--ignore-eos", "--ignore-eos is in"),
        ("--nonsense 3", "", "no flag --nonsense"),
        ("--workload nonsense", "", "unknown workload"),
        ("--duration never", "", "--duration"),
        ("--speed fast", "", "a number is wanted"),
        ("--slo ttft=never", "", "--slo"),
        ("--workload", "", "needs a value"),
        ("--start-at 3", "", "is the script's to give"),
        ("--num-users '3", "", "quote it"),
    ],
)
def test_words_that_cannot_be_meant(extra: str, own: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        asked(extra, {"a": own}, {})


def test_regions_run_for_the_same_time() -> None:
    with pytest.raises(UserError, match="must be the same"):
        asked("", {"a": "--duration 10", "b": "--duration 20"}, {})
