"""The workload `arena_syn`: Chatbot Arena's multi-turn conversations, closed loop.

After the original's main chat workload: only conversations of more than one turn; those of one user of
the data set stay together and are played one after another by one simulated user, whose hash key is the
data set's user; no think time; the generated answer goes into the history; when a user has played all
conversations, it begins again. Each region has users of its own.

What differs: without `--data-path` the text is synthetic, with published statistics (`published.py`)
instead of the gated data set: those of Chatbot Arena, or with `--data-set` those of another, whose
conversations are longer; `--num-conv` is honoured, and counts the conversations of one region; `--seed`
may be anything, and what the region's name adds to it keeps regions apart.

How long an answer gets is part of the work, as it was of the data set: each turn asks for exactly as
many tokens as its answer there had (drawn, mean 189.5, at most 512), with `ignore_eos`, which vLLM,
SGLang, llama.cpp and the emulated engine know. So all systems and engines have the same work to do. With
`--no-ignore-eos` an answer may have 512 tokens and ends where the engine ends it, as in the original;
schedulers, which reserve memory by `max_tokens`, then know as little of the future as in production.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field

from nightshift.bench.workloads.base import Program
from nightshift.bench.workloads.chat import rounds
from nightshift.bench.workloads.chat_data import ChatData, group_all
from nightshift.bench.workloads.common import ChatArguments
from nightshift.bench.workloads.published import DATA_SETS

MAX_TOKENS = 512
HUB_NAME = "lmsys/chatbot_arena_conversations"


class ArenaSynArguments(ChatArguments):
    """The flags of `arena_syn`, named as the original named them."""

    num_conv: int = Field(default=1000, ge=1, description="Conversations of this region to draw from.")
    data_set: Literal["arena", "lmsys-chat-1m", "sharegpt", "wildchat"] = Field(
        default="arena",
        description="Whose statistics synthetic chats have: arena, lmsys-chat-1m, sharegpt, wildchat.",
    )


class ArenaSyn:
    """See the head of this file."""

    name = "arena_syn"
    summary = "multi-turn chats of Chatbot Arena, closed loop"
    arguments_type = ArenaSynArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = ArenaSynArguments.model_validate(arguments)
        self.duration_s = wanted.duration
        self.seed = wanted.seed
        self.chats = ChatData(
            source=wanted.data_path,
            hub_name=HUB_NAME,
            statistics=wanted.data_set,
            seed=wanted.seed,
            number=wanted.num_conv,
            max_answer_tokens=MAX_TOKENS,
            share=wanted.share,
        )

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        return self.chats.text

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`. Raises `UserError` if there are too few conversations to go round."""
        wanted = self.arguments
        enough = round(2 * wanted.num_users * DATA_SETS[wanted.data_set].conversations_per_user_mean)
        more = self.chats.more(f"give --num-conv {enough} or more, or fewer users")
        groups = group_all(self.chats.of(region), wanted.num_users, more)
        return [rounds(group, None if wanted.ignore_eos else MAX_TOKENS) for group in groups]
