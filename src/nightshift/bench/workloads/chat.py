"""A multi-turn conversation as a program: each answer of the system under test goes into the history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from nightshift.bench.workloads.base import Call, Message
from nightshift.bench.workloads.conversations import Conversation


@dataclass(frozen=True, slots=True)
class ChatProgram:
    """Plays one conversation. The hash key is the data set's user.

    `max_tokens` is what each answer may have; None: exactly what it had in the data set.
    """

    conversation: Conversation
    id: str
    max_tokens: int | None
    start_s: float | None = None
    min_turn_s: float = 0.0

    @property
    def hash_key(self) -> str:
        """See `Program.hash_key`."""
        return self.conversation.user

    def first(self) -> Sequence[Call]:
        """See `Program.first`."""
        return [self._call(0, ())]

    def answered(self, call: Call, answer: str) -> Sequence[Call]:
        """See `Program.answered`."""
        following = call.turn + 1
        if following == len(self.conversation.turns):
            return ()
        return [self._call(following, (*call.messages, Message(role="assistant", content=answer)))]

    def _call(self, number: int, history: tuple[Message, ...]) -> Call:
        turn = self.conversation.turns[number]
        messages = (*history, Message(role="user", content=turn.text))
        if self.max_tokens is None:
            return Call(number, messages, turn.answer_tokens, ignore_eos=True, min_turn_s=self.min_turn_s)
        return Call(number, messages, self.max_tokens, min_turn_s=self.min_turn_s)


def rounds(
    conversations: Sequence[Conversation], max_tokens: int | None, min_turn_s: float = 0.0
) -> Iterator[ChatProgram]:
    """Yield the conversations as programs, again and again; a later round shows in the program's id."""
    for number in count(1):
        for conversation in conversations:
            suffix = "" if number == 1 else f"#{number}"
            yield ChatProgram(conversation, f"{conversation.id}{suffix}", max_tokens, min_turn_s=min_turn_s)
