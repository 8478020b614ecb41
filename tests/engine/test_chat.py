"""The template keeps conversations as prefixes of one another, and its marks are single tokens."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.engine.chat import render_chat
from nightshift.engine.tokens import BYTES_PER_TOKEN, token_count

ROLES = ["system", "developer", "user", "assistant", "tool", "syst", "function", "critic"]


@given(st.lists(st.tuples(st.sampled_from(ROLES), st.text())), st.text(), st.text())
def test_prompt_and_answer_begin_the_next_prompt(
    messages: list[tuple[str, str]], answer: str, more: str
) -> None:
    now = render_chat(messages)
    following = render_chat([*messages, ("assistant", answer), ("user", more)])
    assert following.startswith(now + answer.encode("utf-8", "replace"))


def test_order_matters() -> None:
    assert render_chat([("user", "a"), ("user", "b")]) != render_chat([("user", "b"), ("user", "a")])


@pytest.mark.parametrize(("one", "other"), list(combinations(ROLES, 2)))
def test_roles_matter(one: str, other: str) -> None:
    assert render_chat([(one, "a")]) != render_chat([(other, "a")])


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant", "tool"])
def test_a_message_has_five_tokens_around_it_as_with_chatml(role: str) -> None:
    """What llama.cpp counts for SmolLM2: three before the content, two after, three before the answer."""
    assert token_count(render_chat([(role, "")])) == 5 + 3
    assert token_count(render_chat([(role, "text" * 7)])) == 5 + 7 + 3


@pytest.mark.parametrize("role", ["critic", "function", "критик", "評論家"])
def test_a_role_of_its_own_takes_whole_tokens(role: str) -> None:
    assert len(render_chat([(role, "text")])) % BYTES_PER_TOKEN == 0


def test_a_lone_surrogate_does_no_harm() -> None:
    assert b"?" in render_chat([("user", "\ud800")])
