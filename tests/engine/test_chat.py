"""The template keeps conversations as prefixes of one another."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.engine.chat import render_chat


@given(st.lists(st.tuples(st.sampled_from(["system", "user"]), st.text())), st.text(), st.text())
def test_prompt_and_answer_begin_the_next_prompt(
    messages: list[tuple[str, str]], answer: str, more: str
) -> None:
    now = render_chat(messages)
    following = render_chat([*messages, ("assistant", answer), ("user", more)])
    assert following.startswith(now + answer.encode("utf-8", "replace"))


def test_roles_and_order_matter() -> None:
    assert render_chat([("user", "a"), ("user", "b")]) != render_chat([("user", "b"), ("user", "a")])
    assert render_chat([("user", "a")]) != render_chat([("system", "a")])


def test_a_lone_surrogate_does_no_harm() -> None:
    assert b"?" in render_chat([("user", "\ud800")])
