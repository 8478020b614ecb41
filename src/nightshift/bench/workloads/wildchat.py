"""The workload `wildchat`: WildChat's multi-turn conversations, closed loop, each region its own users'.

As in the original: the slice of 100,000 rows number `--start-index`, of it the conversations of two turns
and more whose user is known, of users who live in this region's part of the world (`continents.py`, where
the original's errors are mended; the region `none` has everybody's). Hash key: the data set's `hashed_ip`.
Answers have 512 tokens at most. With `--open-loop-threshold` a turn lasts at least so many seconds: a user
whose answer came sooner waits.

Two regions of one continent have the same conversations unless `--share` tells them apart. Synthetic
conversations are of no country: each region has its own, and `--start-index` makes others.
"""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from nightshift.bench.workloads.base import Program
from nightshift.bench.workloads.chat import rounds
from nightshift.bench.workloads.chat_data import ChatData, group_all
from nightshift.bench.workloads.common import ChatArguments
from nightshift.bench.workloads.continents import continent_of_country, continent_of_region
from nightshift.bench.workloads.conversations import Conversation

MAX_TOKENS = 512
_ROWS = 100_000
_PER_USER = 20


class WildChatArguments(ChatArguments):
    """The flags of `wildchat`."""

    start_index: int = Field(default=0, ge=0, description="Which slice of 100,000 rows, from 0.")
    open_loop_threshold: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="Least seconds that a turn lasts."
    )


class WildChat:
    """See the head of this file."""

    name = "wildchat"
    summary = "multi-turn chats of WildChat, those of each region's own users, closed loop"
    arguments_type = WildChatArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = WildChatArguments.model_validate(arguments)
        self.duration_s = wanted.duration
        self.seed = wanted.seed
        self.chats = ChatData(
            source=wanted.data_path,
            hub_name="allenai/WildChat-1M",
            statistics="wildchat",
            seed=f"{wanted.seed}/{wanted.start_index}",
            number=None,
            max_answer_tokens=MAX_TOKENS,
            share=wanted.share,
            start=wanted.start_index * _ROWS,
            rows=_ROWS,
            generated=max(200, _PER_USER * wanted.num_users),
        )

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        return self.chats.text

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`. Raises `UserError` for a region that is nowhere."""
        wanted = self.arguments
        here = None if region == "none" else continent_of_region(region)

        def lives_here(one: Conversation) -> bool:
            if one.country is None or one.user == one.id:  # where or who it was is not known
                return False
            return here is None or continent_of_country(one.country) is here

        found = self.chats.of(region, lives_here)
        groups = group_all(found, wanted.num_users, "give fewer users, or another --start-index")
        max_tokens = None if wanted.ignore_eos else MAX_TOKENS
        return [rounds(group, max_tokens, wanted.open_loop_threshold or 0.0) for group in groups]
