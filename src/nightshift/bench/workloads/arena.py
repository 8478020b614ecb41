"""The workload `arena`: Chatbot Arena's conversations at their own times, compressed; open loop.

As in the original: the first `--num-conv` conversations of more than one turn are shared out among the
simulated users, each user of the data set whole; within a simulated user they are sorted by time. One
factor, that of the longest of them, compresses all into `--run-seconds`; simulated users begin 10 s apart;
a conversation begins at its time, whatever else is under way, and its turns follow one another. Answers have
256 tokens at most, none is played twice. Hash key: `<--uid>-<the data set's user>`.

The run lasts until a minute after the last begins, unless `--duration` says otherwise. Synthetic
conversations have times: users come evenly over 60 days, and a user's further conversations follow with
pauses whose median is ten minutes. The data set's own pauses are not published.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from random import Random

from pydantic import Field

from nightshift.bench.workloads.base import Program
from nightshift.bench.workloads.chat import ChatProgram
from nightshift.bench.workloads.chat_data import ChatData, group_all
from nightshift.bench.workloads.common import ChatArguments
from nightshift.bench.workloads.conversations import Conversation

MAX_TOKENS = 256
_BETWEEN_USERS_S = 10.0
_FOR_LAST_ANSWERS_S = 60.0
_DAYS = 60
_PAUSE_MEDIAN_S = 600.0
_PAUSE_SIGMA = 1.5


class ArenaArguments(ChatArguments):
    """The flags of `arena`."""

    duration: float | None = Field(  # type: ignore[assignment]  # here it follows from the others
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Seconds that the run lasts. Without: until a minute after the last begins.",
    )
    num_conv: int = Field(default=1000, ge=1, description="Conversations of this region.")
    run_seconds: float = Field(
        default=120.0, gt=0, allow_inf_nan=False, description="What time stamps are compressed into."
    )
    uid: str = Field(default="default", description="What hash keys begin with.")


class Arena:
    """See the head of this file."""

    name = "arena"
    summary = "multi-turn chats of Chatbot Arena at their time stamps, open loop"
    arguments_type = ArenaArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = ArenaArguments.model_validate(arguments)
        self.seed = wanted.seed
        self.chats = ChatData(
            source=wanted.data_path,
            hub_name="lmsys/chatbot_arena_conversations",
            statistics="arena",
            seed=wanted.seed,
            number=wanted.num_conv,
            max_answer_tokens=MAX_TOKENS,
            share=wanted.share,
            needs_time=True,
        )

    @property
    def duration_s(self) -> float:
        """See `Workload.duration_s`."""
        wanted = self.arguments
        last = wanted.run_seconds + _BETWEEN_USERS_S * (wanted.num_users - 1)
        return last + _FOR_LAST_ANSWERS_S if wanted.duration is None else wanted.duration

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        return self.chats.text

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`."""
        wanted = self.arguments
        found = self.chats.of(region)
        if wanted.data_path is None:
            found = _with_times(found, Random(f"{wanted.seed}/{region}/times"))
        more = self.chats.more("give a larger --num-conv, or fewer users")
        groups = [sorted(group, key=_time) for group in group_all(found, wanted.num_users, more)]
        longest_s = max(_time(group[-1]) - _time(group[0]) for group in groups)
        scale = wanted.run_seconds / longest_s if longest_s else 0.0
        return [self._played(number, group, scale) for number, group in enumerate(groups)]

    def _played(self, number: int, group: Sequence[Conversation], scale: float) -> Iterator[ChatProgram]:
        max_tokens = None if self.arguments.ignore_eos else MAX_TOKENS
        for one in group:
            start_s = _BETWEEN_USERS_S * number + scale * (_time(one) - _time(group[0]))
            keyed = replace(one, user=f"{self.arguments.uid}-{one.user}")
            yield ChatProgram(keyed, one.id, max_tokens, start_s=start_s)


def _time(one: Conversation) -> float:
    assert one.at_s is not None  # noqa: S101 - real data without is refused, synthetic gets one
    return one.at_s


def _with_times(found: Sequence[Conversation], rng: Random) -> list[Conversation]:
    timed = []
    for _, own in groupby(found, key=lambda one: one.user):
        at_s = rng.uniform(0, _DAYS * 86_400.0)
        for one in own:
            timed.append(replace(one, at_s=at_s))
            at_s += _PAUSE_MEDIAN_S * rng.lognormvariate(0, _PAUSE_SIGMA)
    return timed
