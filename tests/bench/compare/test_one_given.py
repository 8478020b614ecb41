"""A given service that dies is noticed by its silence, since nobody watches it."""

from dataclasses import replace

from tests.bench.asked import ASKED

from nightshift.bench.compare.one_given import silence_in

ANSWERED = replace(ASKED, start=1.0, end=30.0)
FAILED = replace(ANSWERED, start=31.0, end=32.0, failed="ClientConnectorError: refused")


def test_failures_alone_to_the_end_are_a_service_that_died() -> None:
    said = silence_in([ANSWERED, FAILED, replace(FAILED, end=59.0)], 60.0)
    assert said.startswith("after 30 s nothing was answered any more; 2 failed since")
    assert "refused" in said


def test_failures_between_answers_are_not() -> None:
    assert silence_in([ANSWERED, FAILED, replace(ANSWERED, end=58.0)], 60.0) == ""


def test_what_was_cut_off_at_the_end_is_not() -> None:
    cut_off = replace(ANSWERED, end=60.0, unfinished=True)
    assert silence_in([replace(ANSWERED, end=20.0), cut_off], 60.0) == ""


def test_nobody_was_answered() -> None:
    assert "none of 1 requests was answered (Client" in silence_in([FAILED], 60.0)
    assert "none of 0 requests" in silence_in([], 60.0)
