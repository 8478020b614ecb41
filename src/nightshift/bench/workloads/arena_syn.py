"""The workload `arena_syn`: Chatbot Arena's multi-turn conversations, closed loop, synthetic text.

After the original's main chat workload: only conversations of more than one turn; those of one user of
the data set stay together and are played one after another by one simulated user, whose hash key is the
data set's user; no think time; the generated answer goes into the history; when a user has played all
conversations, it begins again. Each region has users of its own.

What differs: the text is synthetic, with published statistics (`published.py`) instead of the gated data
set: those of Chatbot Arena, or with `--data-set` those of LMSYS-Chat-1M or ShareGPT, whose conversations
are longer; `--num-conv` is honoured, and counts the conversations of one region; `--seed` may be
anything, and what the region's name adds to it keeps regions apart.

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
from nightshift.bench.workloads.common import CommonArguments
from nightshift.bench.workloads.conversations import conversations, group_by_simulated_user
from nightshift.bench.workloads.published import DATA_SETS
from nightshift.errors import UserError

MAX_TOKENS = 512


class ArenaSynArguments(CommonArguments):
    """The flags of `arena_syn`, named as the original named them."""

    num_conv: int = Field(default=1000, ge=1, description="Conversations of this region to draw from.")
    ignore_eos: bool = Field(default=True, description="Answers get exactly as long as in the data set.")
    data_set: Literal["arena", "lmsys-chat-1m", "sharegpt"] = Field(
        default="arena", description="Whose statistics conversations have: arena, lmsys-chat-1m, sharegpt."
    )


class ArenaSyn:
    """See the head of this file."""

    name = "arena_syn"
    summary = "multi-turn chats with Chatbot Arena's statistics, closed loop"
    arguments_type = ArenaSynArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = ArenaSynArguments.model_validate(arguments)

    @property
    def duration_s(self) -> float:
        """See `Workload.duration_s`."""
        return self.arguments.duration

    @property
    def seed(self) -> str:
        """See `Workload.seed`."""
        return self.arguments.seed

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        wanted = self.arguments
        return f"synthetic: {wanted.num_conv:,} conversations with the statistics of {wanted.data_set}"

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`. Raises `UserError` if there are too few conversations to go round."""
        wanted = self.arguments
        statistics = DATA_SETS[wanted.data_set]
        generated = conversations(
            seed=wanted.seed,
            region=region,
            number=wanted.num_conv,
            statistics=statistics,
            max_answer_tokens=MAX_TOKENS,
        )
        groups = group_by_simulated_user(generated, wanted.num_users)
        if not all(groups):
            enough = round(2 * wanted.num_users * statistics.conversations_per_user_mean)
            raise UserError(
                f"{wanted.num_conv} conversations come from only {sum(map(bool, groups))} users of the data "
                f"set, too few for --num-users {wanted.num_users}; give --num-conv {enough} or more"
            )
        max_tokens = None if wanted.ignore_eos else MAX_TOKENS
        return [rounds(group, max_tokens) for group in groups]
