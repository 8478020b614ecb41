"""A thief takes what brings it to its share, and no victim is left below its own."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.balancing.messages import PeerReport
from nightshift.balancing.stealing import average_wants, small_wants
from nightshift.balancing.targets import Peer

loads = st.builds(
    lambda queue, users, outstanding, replicas: PeerReport(
        queue, min(users, queue), outstanding, replicas, available_replicas=replicas
    ),
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(0, 40),
    st.integers(0, 4),
)


def peers_of(reports: list[PeerReport]) -> list[Peer]:
    return [Peer(f"p{number}", report=report) for number, report in enumerate(reports)]


@given(loads, st.lists(loads, max_size=4))
def test_average_takes_only_what_is_lacking_from_who_has_too_much(
    own: PeerReport, others: list[PeerReport]
) -> None:
    everyone = [own, *others]
    share = sum(r.queue + r.outstanding for r in everyone) // max(1, sum(r.replicas for r in everyone))
    wanted = list(average_wants(own, peers_of(others)))
    assert sum(count for _, count in wanted) <= max(0, share * own.replicas - own.queue - own.outstanding)
    for peer, count in wanted:
        assert peer.report is not None
        assert 0 < count <= peer.report.queue_from_users
        assert peer.report.queue + peer.report.outstanding - count >= share * peer.report.replicas


@given(loads, st.lists(loads, max_size=4))
def test_small_asks_the_first_that_has_something(own: PeerReport, others: list[PeerReport]) -> None:
    wanted = list(small_wants(own, peers_of(others)))
    with_users = [number for number, report in enumerate(others) if report.queue_from_users]
    assert [(peer.id, count) for peer, count in wanted] == [
        (f"p{number}", 3 * own.available_replicas) for number in with_users[:1]
    ]
