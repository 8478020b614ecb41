"""The checker finds each breach, and nothing in what is right."""

from collections.abc import Callable

import pytest
from tests.soak.checker import Allowed, ledger_problems, problems, queue_waits
from tests.soak.journal import How, Journal

Write = Callable[[Journal], None]


def well(journal: Journal, nonce: str = "n", at: float = 0.0) -> None:
    journal.asked(at, nonce)
    journal.placed(at + 0.1, nonce, "a")
    journal.left(at + 0.2, nonce, "a")
    journal.ended(at + 0.3, nonce, How.ANSWERED)


def twice_ended(journal: Journal) -> None:
    well(journal)
    journal.ended(0.4, "n", How.CUT)


def never_ended(journal: Journal) -> None:
    journal.asked(0, "n")


def nobody_asked(journal: Journal) -> None:
    journal.ended(0, "n", How.ANSWERED)


def lost(journal: Journal) -> None:
    journal.asked(0, "n")
    journal.ended(1, "n", How.LOST, "looks whole")


def at_two_at_once(journal: Journal) -> None:
    journal.asked(0, "n")
    journal.placed(0.1, "n", "a")
    journal.placed(0.2, "n", "b")
    journal.left(0.5, "n", "a")
    journal.left(0.6, "n", "b")
    journal.ended(0.7, "n", How.ANSWERED)


def never_left(journal: Journal) -> None:
    journal.asked(0, "n")
    journal.placed(0.1, "n", "a")
    journal.ended(0.2, "n", How.LEFT)


def left_late(journal: Journal) -> None:
    never_left(journal)
    journal.left(0.5, "n", "a")


def placed_after_its_end(journal: Journal) -> None:
    well(journal)
    journal.placed(0.9, "n", "b")
    journal.left(0.95, "n", "b")


def left_where_it_was_not(journal: Journal) -> None:
    well(journal)
    journal.left(0.25, "n", "b")


def answered_by_nobody(journal: Journal) -> None:
    journal.asked(0, "n")
    journal.ended(0.1, "n", How.ANSWERED)


def too_many_retries(journal: Journal) -> None:
    for number in range(150):
        journal.asked(0, f"n{number}")
        for place in ("a", "b"):
            journal.placed(0.1, f"n{number}", place)
            journal.left(0.1, f"n{number}", place)
        journal.ended(0.2, f"n{number}", How.REFUSED)


BREACHES: dict[Write, str] = {
    twice_ended: "ended 2 times",
    never_ended: "never ended",
    nobody_asked: "asked 0 times",
    lost: "ended as lost: looks whole",
    at_two_at_once: "at a and elsewhere at once, for 0.300 s",
    never_left: "never left a",
    left_late: "was at a for 0.300 s after its end",
    placed_after_its_end: "came to b 0.600 s after its end",
    left_where_it_was_not: "left b, where it was not",
    answered_by_nobody: "no replica had it",
    too_many_retries: "retries exceed their budget",
}


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.__name__)
def test_a_breach_is_found(breach: Write) -> None:
    journal = Journal()
    breach(journal)
    found = problems(journal, Allowed(overlap_s=0.05, all_write=True))
    assert any(BREACHES[breach] in problem for problem in found), found


def test_what_is_right_is_not_found() -> None:
    journal = Journal()
    well(journal, "n1")
    well(journal, "n2", at=0.05)
    journal.asked(1, "retried")
    journal.placed(1.1, "retried", "a")
    journal.placed(1.2, "retried", "b")
    journal.left(1.21, "retried", "a")
    journal.left(1.3, "retried", "b")
    journal.ended(1.29, "retried", How.ANSWERED)
    journal.asked(2, "stale")
    for at in (2.1, 2.2):
        journal.placed(at, "stale", "a")
        journal.left(at + 0.05, "stale", "a")
    journal.ended(2.4, "stale", How.ANSWERED)
    assert problems(journal, Allowed(overlap_s=0.05, all_write=True)) == []


def test_retries_are_paid_from_arrivals_and_from_time() -> None:
    journal = Journal()
    for number in range(1000):  # one retry in five requests, for ever
        at = number / 100
        journal.asked(at, f"n{number}")
        journal.placed(at, f"n{number}", "a")
        journal.left(at, f"n{number}", "a")
        if number % 5 == 0:
            journal.placed(at, f"n{number}", "b")
            journal.left(at, f"n{number}", "b")
        journal.ended(at, f"n{number}", How.ANSWERED)
    assert problems(journal, Allowed(retry_burst=1, retry_reserve_per_s=0)) == []
    assert problems(journal, Allowed(retry_burst=1, retry_reserve_per_s=0, retry_ratio=0.1)) != []


def test_a_journal_survives_a_kill_amid_a_line() -> None:
    journal = Journal()
    well(journal)
    lines = journal.lines()
    assert Journal.read(lines).lines() == lines
    assert len(Journal.read(lines[:-3])) == len(journal) - 1


def test_queues() -> None:
    assert queue_waits([0.1, 1.05], limit_s=1, tick_s=0.1) == []
    assert queue_waits([0.1, 1.2], limit_s=1, tick_s=0.1) == [
        "1 requests waited for more than 1 s, up to 1.20 s"
    ]


def test_a_ledger_that_does_not_add_up() -> None:
    counters = {"arrived": 3, "completed": 1, "rejected": 1, "failed": 0, "expired": 0, "client_gone": 0}
    state = {"in_progress": 1, "queue": 0, "outstanding": 1, "counters": counters, "peer": {}}
    state["replica"] = {"a": {"outstanding": 1}}
    found = ledger_problems(state)
    assert len(found) == 4
    assert "replica a has 1 outstanding" in found
