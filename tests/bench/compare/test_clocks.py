"""The offset of a server's clock from the dates in its answers."""

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bench.asked import ASKED

from nightshift.bench.compare.clocks import Offset, offsets_of, warnings_of
from nightshift.bench.records import RequestRecord

START = 1_800_000_000.25
SPEED = 6.0


def answer(start: float, way: float, ahead_s: float, replica: str | None = "r") -> RequestRecord:
    """Of a server whose clock is ahead, and that begins its answer half of the way's time after the start."""
    there = START + (start + way / 2) / SPEED + ahead_s
    date = format_datetime(datetime.fromtimestamp(there // 1, UTC), usegmt=True)
    return replace(
        ASKED,
        start=start,
        end=start + way,
        response_start=start + way,
        replica=replica,
        headers={"date": date},
    )


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e4, 1e4), st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1)), min_size=1, max_size=8))
def test_the_true_offset_is_always_within(ahead_s: float, answers: list[tuple[float, float]]) -> None:
    found = offsets_of([answer(start, way, ahead_s) for start, way in answers], START, SPEED)
    offset = found["r"]
    assert offset.low_s - 1e-5 <= ahead_s <= offset.high_s + 1e-5
    assert offset.least_s <= abs(ahead_s) + 1e-5


def test_many_answers_narrow_it_to_about_a_round_trip() -> None:
    answers = [answer(start, 0.6, 90.0) for start in range(60)]
    offset = offsets_of(answers, START, SPEED)["r"]
    assert offset.high_s - offset.low_s < 0.3
    (warning,) = warnings_of({"r": offset})
    assert "the clock of r differs from the clients' by 89." in warning


def test_right_clocks_and_silent_servers_are_no_trouble() -> None:
    silent = answer(1, 1, 0.0)
    silent.headers.clear()
    assert offsets_of([silent], START, SPEED) == {}
    assert warnings_of(offsets_of([answer(t, 0.5, 0.2) for t in range(30)], START, SPEED)) == []


def test_an_address_with_several_clocks_behind_it_is_told() -> None:
    answers = [answer(t, 0.5, 60.0 * (t % 2), None) for t in range(30)]
    found = offsets_of(answers, START, SPEED)
    assert list(found) == ["the endpoint of us-east-2"]
    assert "several clocks that disagree" in warnings_of(found)[0]
    assert found["the endpoint of us-east-2"].least_s == 0


def test_json_has_both_ends() -> None:
    assert Offset(-0.12345, 0.5).as_dict() == {"low_s": -0.123, "high_s": 0.5}
