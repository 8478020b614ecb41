"""Who holds a stored response: what is remembered, for how long, and for whom."""

from hypothesis import given, settings
from hypothesis import strategies as st

from nightshift.balancing.stored import MOST_ID_BYTES, StoredResponses
from nightshift.balancing.targets import Target

HERE, THERE = Target("here"), Target("there")


def holder(stored: StoredResponses, now: float, id_: str, owner: str | None = None) -> str | None:
    holding = stored.find(now, id_, owner)
    return None if holding is None else holding.target.id


def test_an_id_is_found_where_it_was_answered() -> None:
    stored = StoredResponses(10, 60.0)
    assert stored.note(0.0, "resp_1", HERE, at_peer=False, owner=None)
    assert stored.note(0.0, "resp_2", THERE, at_peer=True, owner=None)
    assert holder(stored, 1.0, "resp_1") == "here"
    assert holder(stored, 1.0, "resp_2") == "there"
    assert holder(stored, 1.0, "resp_3") is None


def test_an_id_is_its_owners_alone() -> None:
    stored = StoredResponses(10, 60.0)
    stored.note(0.0, "resp_1", HERE, at_peer=False, owner="alice")
    assert holder(stored, 1.0, "resp_1", "alice") == "here"
    assert holder(stored, 1.0, "resp_1", "bob") is None
    assert holder(stored, 1.0, "resp_1", None) is None


def test_another_cannot_take_an_id_over() -> None:
    stored = StoredResponses(10, 60.0)
    stored.note(0.0, "resp_1", HERE, at_peer=False, owner="alice")
    assert not stored.note(1.0, "resp_1", THERE, at_peer=False, owner="bob")
    assert holder(stored, 2.0, "resp_1", "bob") is None
    assert holder(stored, 2.0, "resp_1", "alice") == "here"


def test_its_owner_can_store_it_anew() -> None:
    stored = StoredResponses(10, 60.0)
    stored.note(0.0, "resp_1", HERE, at_peer=False, owner="alice")
    assert stored.note(1.0, "resp_1", THERE, at_peer=False, owner="alice")
    assert holder(stored, 2.0, "resp_1", "alice") == "there"


def test_work_in_the_background_is_charged_to_its_owner_once() -> None:
    stored = StoredResponses(10, 60.0)
    stored.note(0.0, "resp_1", HERE, at_peer=False, owner="alice")
    assert not stored.charge(1.0, "resp_1", "bob")
    assert not stored.charge(1.0, "resp_2", "alice")
    assert stored.charge(1.0, "resp_1", "alice")
    stored.note(2.0, "resp_1", HERE, at_peer=False, owner="alice")  # it was fetched again
    assert not stored.charge(3.0, "resp_1", "alice")


def test_the_least_recently_used_goes_first() -> None:
    stored = StoredResponses(2, 60.0)
    stored.note(0.0, "resp_1", HERE, at_peer=False, owner=None)
    stored.note(1.0, "resp_2", HERE, at_peer=False, owner=None)
    stored.find(2.0, "resp_1", None)
    stored.note(3.0, "resp_3", HERE, at_peer=False, owner=None)
    assert [holder(stored, 4.0, f"resp_{n}") for n in (1, 2, 3)] == ["here", None, "here"]


def test_a_stranger_does_not_keep_it_in_use() -> None:
    stored = StoredResponses(10, 60.0)
    stored.note(0.0, "resp_1", HERE, at_peer=False, owner="alice")
    stored.find(50.0, "resp_1", "bob")
    assert holder(stored, 60.0, "resp_1", "alice") is None


def test_what_nobody_asks_for_is_forgotten() -> None:
    stored = StoredResponses(10, 60.0)
    stored.note(0.0, "resp_1", HERE, at_peer=False, owner=None)
    assert holder(stored, 59.9, "resp_1") == "here"
    assert holder(stored, 119.8, "resp_1") == "here"  # it was asked for at 59.9
    assert holder(stored, 179.9, "resp_1") is None
    assert len(stored) == 0


def test_smaller_bounds_hold_at_once() -> None:
    stored = StoredResponses(10, 60.0)
    for n in range(10):
        stored.note(float(n), f"resp_{n}", HERE, at_peer=False, owner=None)
    stored.use(10.0, 3, 60.0)
    assert len(stored) == 3
    assert holder(stored, 10.0, "resp_9") == "here"


def test_odd_ids_are_not_remembered() -> None:
    stored = StoredResponses(10, 60.0)
    assert not stored.note(0.0, "", HERE, at_peer=False, owner=None)
    assert not stored.note(0.0, "r" * (MOST_ID_BYTES + 1), HERE, at_peer=False, owner=None)
    assert len(stored) == 0


events = st.lists(
    st.tuples(
        st.sampled_from(["note", "find"]),
        st.sampled_from([f"resp_{n}" for n in range(6)]),
        st.sampled_from([None, "alice", "bob"]),
        st.floats(0.0, 20.0),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(events, st.integers(1, 4))
def test_it_is_bounded_and_never_tells_another(
    played: list[tuple[str, str, str | None, float]], most: int
) -> None:
    """Against a plain model: owner and last use of each id that may still be known."""
    stored, now = StoredResponses(most, 30.0), 0.0
    model: dict[str, tuple[str | None, float]] = {}
    for what, id_, owner, later in played:
        now += later
        model = {k: v for k, v in model.items() if v[1] + 30.0 > now}
        if what == "note":
            taken = id_ in model and model[id_][0] != owner
            assert stored.note(now, id_, HERE, at_peer=False, owner=owner) is not taken
            if not taken:
                model.pop(id_, None)
                model[id_] = (owner, now)
        else:
            known = id_ in model and model[id_][0] == owner
            assert (stored.find(now, id_, owner) is not None) is known
            if known:
                del model[id_]
                model[id_] = (owner, now)
        while len(model) > most:
            del model[next(iter(model))]
        assert len(stored) == len(model) <= most
