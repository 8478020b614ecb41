"""The queue keeps the order of arrival over all lanes, also for requests that come back."""

from heapq import heappop, heappush

from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.messages import PromptKey, Request
from nightshift.balancing.queue import Entry, Lane, Queue

LANES = [Lane("", True), Lane("", False), Lane("m", True), Lane("m", True, ("r1",))]


def entry(order: int) -> Entry:
    return Entry(Request(str(order), PromptKey.of("m", b"")), float(order), order, may_cross=True)


@given(st.lists(st.sampled_from(LANES), max_size=12), st.randoms(use_true_random=False), st.integers(0, 12))
def test_what_comes_back_keeps_its_place(lanes: list[Lane], rng: object, taken: int) -> None:
    queue = Queue()
    entries = [entry(order) for order in range(len(lanes))]
    for one in entries:
        queue.append(one, lanes[one.order])
    out = [queue.remove(one.request.id) for one in entries[:taken]]
    back = [one for one in out if one is not None]
    getattr(rng, "shuffle")(back)  # noqa: B009 - hypothesis' generator has no public type
    for one in back:
        queue.put_back(one, lanes[one.order])
    assert queue.crossing == sum(lane.may_cross for lane in lanes)
    crossing = [order for order, lane in enumerate(lanes) if lane.may_cross]
    assert [one.order for one in queue.youngest_crossing_first()] == crossing[::-1]
    seen, heads = [], queue.heads()
    while heads:
        order, lane = heappop(heads)
        head = queue.head(lane)
        assert head is not None
        assert head.order == order
        assert head is queue.oldest()
        queue.remove(head.request.id)
        seen.append(order)
        if (following := queue.head(lane)) is not None:
            heappush(heads, (following.order, lane))
    assert seen == sorted(range(len(lanes)))
    assert len(queue) == queue.crossing == 0


@given(st.lists(st.tuples(st.sampled_from(LANES), st.sampled_from(LANES)), max_size=12))
def test_regrouping_keeps_all_and_their_order(lanes: list[tuple[Lane, Lane]]) -> None:
    queue = Queue()
    for order, (before, _) in enumerate(lanes):
        queue.append(entry(order), before)
    queue.regroup(lambda one: lanes[one.order][1])
    for lane in LANES:
        members = [order for order, (_, after) in enumerate(lanes) if after == lane]
        head = queue.head(lane)
        assert (None if head is None else head.order) == (members[0] if members else None)
    assert len(queue) == len(lanes)


def test_who_is_not_there_cannot_be_removed() -> None:
    assert Queue().remove("7") is None
