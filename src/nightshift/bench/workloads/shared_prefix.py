"""The workload `shared_prefix`: groups of questions that share a long system prompt, closed loop.

As in SGLang's benchmark ("generated shared prefix", whose defaults these are) and inference-perf, whose
names the flags have: `--num-groups` system prompts of `--system-prompt-len` tokens; to each belong
`--num-prompts-per-group` conversations of `--num-turns` turns, whose questions nobody else asks. A region's
conversations are shuffled and dealt out to its users, who play them in turn, again and again. Hash key: the
group. The system prompts are the same in all regions, as one application's are, unless
`--no-same-in-all-regions`; then regions share nothing.

The text is filler: lengths and what is shared are all that matters. So cache and placement can be set
against each other: groups times length is what a fleet must hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from pydantic import Field

from nightshift.bench.workloads.base import Call, Message, Program
from nightshift.bench.workloads.common import CommonArguments
from nightshift.bench.workloads.filler import filler
from nightshift.errors import UserError


class SharedPrefixArguments(CommonArguments):
    """The flags of `shared_prefix`."""

    num_groups: int = Field(default=64, ge=1, description="System prompts.")
    num_prompts_per_group: int = Field(
        default=16, ge=1, description="Conversations of each group in this region."
    )
    system_prompt_len: int = Field(default=2048, ge=0, description="Tokens of a system prompt.")
    question_len: int = Field(default=128, ge=1, description="Tokens of a question.")
    output_len: int = Field(default=256, ge=1, description="Tokens of an answer.")
    num_turns: int = Field(default=1, ge=1, description="Questions of a conversation.")
    same_in_all_regions: bool = Field(default=True, description="Regions have the same system prompts.")
    ignore_eos: bool = Field(default=True, description="Answers get exactly that long, else at most.")


@dataclass(frozen=True, slots=True)
class SharedPrefixProgram:
    """One conversation of a group."""

    id: str
    hash_key: str
    system: str
    questions: tuple[str, ...]
    output_tokens: int
    ignore_eos: bool
    start_s: float | None = None

    def first(self) -> Sequence[Call]:
        """See `Program.first`."""
        system = (Message(role="system", content=self.system),) if self.system else ()
        return [self._call(0, system)]

    def answered(self, call: Call, answer: str) -> Sequence[Call]:
        """See `Program.answered`."""
        following = call.turn + 1
        if following == len(self.questions):
            return ()
        return [self._call(following, (*call.messages, Message(role="assistant", content=answer)))]

    def _call(self, turn: int, history: tuple[Message, ...]) -> Call:
        messages = (*history, Message(role="user", content=self.questions[turn]))
        return Call(turn, messages, self.output_tokens, ignore_eos=self.ignore_eos)


class SharedPrefix:
    """See the head of this file."""

    name = "shared_prefix"
    summary = "groups of questions with a long system prompt in common, closed loop"
    arguments_type = SharedPrefixArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = SharedPrefixArguments.model_validate(arguments)
        self.duration_s = wanted.duration
        self.seed = wanted.seed

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        wanted = self.arguments
        return f"synthetic: filler, {wanted.num_groups} system prompts of {wanted.system_prompt_len:,} tokens"

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`. Raises `UserError` if there are fewer conversations than users."""
        wanted = self.arguments
        pairs = [(g, p) for g in range(wanted.num_groups) for p in range(wanted.num_prompts_per_group)]
        if len(pairs) < wanted.num_users:
            raise UserError(
                f"{wanted.num_groups} groups of {wanted.num_prompts_per_group} conversations are too few for "
                f"--num-users {wanted.num_users}; give a larger --num-groups or --num-prompts-per-group"
            )
        Random(f"{wanted.seed}/{region}/order").shuffle(pairs)
        return [self._rounds(region, pairs[user :: wanted.num_users]) for user in range(wanted.num_users)]

    def _rounds(self, region: str, pairs: Sequence[tuple[int, int]]) -> Iterator[SharedPrefixProgram]:
        for number in count(1):
            for group, prompt in pairs:
                suffix = "" if number == 1 else f"#{number}"
                yield self._program(region, group, f"{region}-g{group}-p{prompt}", suffix)

    def _program(self, region: str, group: int, name: str, suffix: str) -> SharedPrefixProgram:
        wanted = self.arguments
        seed = wanted.seed
        place = "everywhere" if wanted.same_in_all_regions else region
        return SharedPrefixProgram(
            id=name + suffix,
            hash_key=f"g{group}" if wanted.same_in_all_regions else f"{region}-g{group}",
            system=filler(f"{seed}/{place}/{group}", wanted.system_prompt_len),
            questions=tuple(
                filler(f"{seed}/{name}/{turn}", wanted.question_len) for turn in range(wanted.num_turns)
            ),
            output_tokens=wanted.output_len,
            ignore_eos=wanted.ignore_eos,
        )
