"""The workload `arena_1m`: LMSYS-Chat-1M's multi-turn conversations, closed loop, answers of 256 at most.

As the original meant it: as `arena_syn`, of the data set's first 50,000 rows. The original's could not
run: it read a user and a time that it never stored. The data set knows no user, so of real data each
conversation is a user, and its hash key, of its own; synthetic ones have users, by the data set's paper.
"""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from nightshift.bench.workloads.base import Program
from nightshift.bench.workloads.chat import rounds
from nightshift.bench.workloads.chat_data import ChatData, group_all
from nightshift.bench.workloads.common import ChatArguments

MAX_TOKENS = 256
HUB_NAME = "lmsys/lmsys-chat-1m"
_ROWS = 50_000
_ENOUGH_PER_USER = 10  # twice the conversations of a user of the data set


class Arena1mArguments(ChatArguments):
    """The flags of `arena_1m`."""

    num_conv: int = Field(default=1000, ge=1, description="Conversations of this region to draw from.")


class Arena1m:
    """See the head of this file."""

    name = "arena_1m"
    summary = "multi-turn chats of LMSYS-Chat-1M, closed loop"
    arguments_type = Arena1mArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = Arena1mArguments.model_validate(arguments)
        self.duration_s = wanted.duration
        self.seed = wanted.seed
        self.chats = ChatData(
            source=wanted.data_path,
            hub_name=HUB_NAME,
            statistics="lmsys-chat-1m",
            seed=wanted.seed,
            number=wanted.num_conv,
            max_answer_tokens=MAX_TOKENS,
            share=wanted.share,
            rows=_ROWS,
        )

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        return self.chats.text

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`."""
        wanted = self.arguments
        enough = _ENOUGH_PER_USER * wanted.num_users
        more = self.chats.more(f"give --num-conv {enough} or more, or fewer users")
        groups = group_all(self.chats.of(region), wanted.num_users, more)
        return [rounds(group, None if wanted.ignore_eos else MAX_TOKENS) for group in groups]
