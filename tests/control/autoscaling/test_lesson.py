"""What was too few is not tried again for as much."""

from nightshift.control.autoscaling.lesson import Lesson
from nightshift.control.autoscaling.seen import Seen


def test_remembered_until_clearly_less_comes() -> None:
    lesson = Lesson()
    assert lesson.at_least(Seen(ready=3, requests_per_s=5.0)) == 0
    lesson.learn(Seen(ready=2, requests_per_s=5.0))
    assert lesson.at_least(Seen(ready=3, requests_per_s=4.6)) == 3
    assert lesson.at_least(Seen(ready=3, requests_per_s=4.5)) == 0


def test_nothing_is_learnt_of_an_unknown_rate() -> None:
    lesson = Lesson()
    lesson.learn(Seen(ready=2))
    assert lesson.at_least(Seen(ready=3, requests_per_s=4.0)) == 0
    lesson.learn(Seen(ready=2, requests_per_s=4.0))
    assert lesson.at_least(Seen(ready=3)) == 0
