"""A report settles what was sent before it was asked for, and only that."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.targets import Replica


@given(st.lists(st.floats(0, 10), max_size=10), st.floats(10, 12), st.floats(0, 12))
def test_unseen(times: list[float], reported_at: float, rtt_s: float) -> None:
    replica = Replica("r")
    for time_s in sorted(times):
        replica.sent(time_s, str(len(replica.unseen)))
    replica.seen(reported_at, rtt_s)
    unseen = list(replica.unseen.values())
    assert unseen == [time_s for time_s in sorted(times) if time_s > reported_at - rtt_s]
    assert replica.outstanding == len(times)


def test_what_is_over_is_not_in_doubt() -> None:
    replica = Replica("r")
    replica.sent(1.0, "a")
    replica.sent(1.0, "b")
    replica.over("a")
    assert list(replica.unseen) == ["b"]
    assert replica.outstanding == 1
