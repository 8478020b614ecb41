"""A chat as a program: history grows by what the system answered."""

from itertools import islice

from nightshift.bench.workloads.chat import ChatProgram, rounds
from nightshift.bench.workloads.conversations import Conversation, Turn

CHAT = Conversation("r-u1-c0", "r-u1", (Turn("Hi", 7), Turn("Why?", 9)))


def test_answers_go_into_the_history() -> None:
    program = ChatProgram(CHAT, "p", None)
    (first,) = program.first()
    assert first.messages == ({"role": "user", "content": "Hi"},)
    (second,) = program.answered(first, "Hello!")
    assert second.turn == 1
    assert second.messages == (
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Why?"},
    )
    assert program.answered(second, "Because.") == ()


def test_answers_have_the_length_of_the_data_set_or_end_by_themselves() -> None:
    (fixed,) = ChatProgram(CHAT, "p", None).first()
    assert (fixed.max_tokens, fixed.ignore_eos) == (7, True)
    (free,) = ChatProgram(CHAT, "p", 512).first()
    assert (free.max_tokens, free.ignore_eos) == (512, False)


def test_hash_key_is_the_user_of_the_data_set() -> None:
    assert ChatProgram(CHAT, "p", None).hash_key == "r-u1"


def test_rounds_go_on_with_new_ids() -> None:
    other = Conversation("r-u2-c0", "r-u2", CHAT.turns)
    ids = [program.id for program in islice(rounds([CHAT, other], None), 5)]
    assert ids == ["r-u1-c0", "r-u2-c0", "r-u1-c0#2", "r-u2-c0#2", "r-u1-c0#3"]
