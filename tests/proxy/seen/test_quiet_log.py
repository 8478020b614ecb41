"""One line per cause and interval, whatever happens."""

import logging

import pytest

from nightshift.proxy.seen.quiet_log import MAX_CAUSES, QuietLog


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_cause_is_written_once_and_then_counted(caplog: pytest.LogCaptureFixture) -> None:
    clock, suppressed = Clock(), []
    quiet = QuietLog(
        logging.getLogger("quiet"), clock, interval_s=10, suppressed=lambda: suppressed.append(clock.now)
    )
    for clock.now in (0.0, 1.0, 9.9, 10.0, 11.0):
        quiet.say("lost r-1", "%s went away", "r-1")
    quiet.say("lost r-2", "%s went away", "r-2")
    assert caplog.messages == ["r-1 went away", "r-1 went away (and 2 more like this)", "r-2 went away"]
    assert suppressed == [1.0, 9.9, 11.0]


def test_causes_without_end_take_no_memory_without_end(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    quiet = QuietLog(logging.getLogger("quiet"), clock)
    for n in range(MAX_CAUSES + 1):
        quiet.say(f"cause {n}", "no")
    caplog.clear()
    quiet.say(f"cause {MAX_CAUSES}", "still known")
    quiet.say("cause 0", "forgotten")
    assert caplog.messages == ["forgotten"]
