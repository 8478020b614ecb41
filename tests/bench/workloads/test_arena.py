"""`arena` begins conversations at their times, compressed."""

from itertools import pairwise

import pytest

from nightshift.bench.workloads import Program, workload
from nightshift.errors import UserError


def starts(**arguments: object) -> list[list[float]]:
    users = workload("arena", arguments).users("us-east-2")
    found: list[list[float]] = []
    for programs in users:
        own: list[Program] = list(programs)
        found.append([one.start_s for one in own if one.start_s is not None])
        assert len(found[-1]) == len(own)
    return found


def test_all_is_played_once_in_order() -> None:
    played = starts(num_users=4, num_conv=100)
    assert sum(map(len, played)) == 100
    assert all(one <= other for own in played for one, other in pairwise(own))


def test_users_begin_ten_seconds_apart() -> None:
    assert [own[0] for own in starts(num_users=4, num_conv=100)] == [0.0, 10.0, 20.0, 30.0]


def test_the_longest_user_takes_the_run_seconds() -> None:
    played = starts(num_users=4, num_conv=100, run_seconds=50)
    assert max(own[-1] - own[0] for own in played) == pytest.approx(50)


def test_the_run_lasts_a_minute_more_or_as_long_as_said() -> None:
    assert workload("arena", {"num_users": 4, "run_seconds": 50}).duration_s == 50 + 30 + 60
    assert workload("arena", {"num_users": 4, "duration": 5}).duration_s == 5


def test_answers_and_keys() -> None:
    (programs,) = workload("arena", {"num_conv": 50, "uid": "me"}).users("r")
    for program in programs:
        assert program.hash_key.startswith("me-r-u")
        assert max(call.max_tokens for call in program.first()) <= 256


def test_too_few() -> None:
    with pytest.raises(UserError, match="too few for --num-users 50; give a larger --num-conv"):
        workload("arena", {"num_users": 50, "num_conv": 50}).users("r")
