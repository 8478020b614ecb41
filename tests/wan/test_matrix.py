import pytest

from nightshift.errors import UserError
from nightshift.wan.matrix import DEFAULT, load_matrix


def test_the_shipped_matrix_gives_half_of_the_measured_round_trip() -> None:
    matrix = load_matrix(DEFAULT)
    assert len(matrix.rtt_ms.regions) == 7
    assert matrix.one_way_s("us-east-2", "ap-northeast-1") == pytest.approx(0.06775)
    assert matrix.one_way_s("ap-northeast-1", "us-east-2") == pytest.approx(0.06725)
    assert matrix.one_way_s("eu-central-1", "eu-central-1") == 0


def test_every_pair_of_the_shipped_matrix_is_known_and_nearly_symmetric() -> None:
    matrix = load_matrix(DEFAULT)
    regions = matrix.rtt_ms.regions
    for a in regions:
        for b in regions:
            assert abs(matrix.one_way_s(a, b) - matrix.one_way_s(b, a)) < 0.001


def test_an_unknown_region_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"'mars-1'.*ap-northeast-1.*us-west-2"):
        load_matrix(DEFAULT).one_way_s("us-east-1", "mars-1")
    with pytest.raises(UserError, match="'mars-1'"):
        load_matrix(DEFAULT).one_way_s("mars-1", "mars-1")


def test_a_given_matrix_is_filled_symmetrically_and_keeps_what_is_given() -> None:
    matrix = load_matrix({"a": {"b": 80, "c": 10}, "b": {"a": 60}})
    assert matrix.one_way_s("a", "b") == 0.04
    assert matrix.one_way_s("b", "a") == 0.03
    assert matrix.one_way_s("c", "a") == 0.005


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("aws-1999", "choose aws-2025-05-29"),
        ({"a": {"b": -1}}, "0 or more"),
        ({"a": {"b": float("nan")}}, "0 or more"),
        ({"a": {"a": 2}}, "leave it out"),
    ],
)
def test_a_wrong_matrix_is_the_users_error(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_matrix(setting)


def test_a_pair_that_is_not_given_is_named() -> None:
    with pytest.raises(UserError, match="no round-trip time for b and c"):
        load_matrix({"a": {"b": 1, "c": 2}}).one_way_s("b", "c")
