"""The queue keeps the order of arrival over both lanes, also for requests that come back."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.messages import PromptKey, Request
from nightshift.balancing.queue import Entry, Queue


def entry(order: int, *, may_cross: bool) -> Entry:
    return Entry(Request(str(order), PromptKey.of("m", b"")), float(order), order, may_cross)


@given(st.lists(st.booleans(), max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
def test_what_comes_back_keeps_its_place(lanes: list[bool], rng: object, taken: int) -> None:
    queue = Queue()
    entries = [entry(order, may_cross=lane) for order, lane in enumerate(lanes)]
    for one in entries:
        queue.append(one)
    out = [queue.remove(one.request.id) for one in entries[:taken]]
    back = [one for one in out if one is not None]
    getattr(rng, "shuffle")(back)  # noqa: B009 - hypothesis' generator has no public type
    for one in back:
        queue.put_back(one)
    seen = []
    while (head := queue.oldest()) is not None:
        queue.remove(head.request.id)
        seen.append(head.order)
    assert seen == sorted(range(len(lanes)))


def test_lanes() -> None:
    queue = Queue()
    for order, lane in enumerate([False, True, True]):
        queue.append(entry(order, may_cross=lane))
    oldest, crossing = queue.oldest(), queue.oldest_crossing()
    assert oldest is not None
    assert crossing is not None
    assert (oldest.order, crossing.order, queue.crossing, len(queue)) == (0, 1, 2, 3)
    assert [e.order for e in queue.youngest_crossing_first()] == [2, 1]
    assert queue.remove("7") is None
