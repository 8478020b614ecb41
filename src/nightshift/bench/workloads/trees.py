"""What `tot`, `tot_single` and `mixed_tree` have in common: flags, questions, and who asks which.

As in the original: questions are split over the regions by their number in the file, within a region dealt
out to the users in turn, at most 100 each, and asked again when all were. Those of the generator are of one
region anyway.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from typing import Literal

from pydantic import Field

from nightshift.bench.workloads.base import Program
from nightshift.bench.workloads.common import CommonArguments
from nightshift.bench.workloads.questions import QuestionFile, made_questions, read_questions
from nightshift.bench.workloads.shares import SHARE_PATTERN, share_of, take
from nightshift.bench.workloads.tree_program import TreeProgram, calls_of_tree
from nightshift.errors import UserError

PER_USER = 100


class TreeArguments(CommonArguments):
    """The flags that all trees have."""

    duration: float = Field(
        default=10.0, gt=0, allow_inf_nan=False, description="Seconds that the run lasts."
    )
    data_path: str | None = Field(
        default=None,
        description="A JSONL file with a field question (GSM8K's train.jsonl). Without: synthetic.",
    )
    share: str | None = Field(
        default=None,
        pattern=SHARE_PATTERN,
        description="Which share of the file this region takes: 0/2 and 1/2 halve it. Without: a third.",
    )
    num_branches: int = Field(default=2, ge=1, le=8, description="How often each answer is continued.")
    tree: Literal["code", "paper"] = Field(
        default="code",
        description="Calls of a tree: code asks the first step as often as all (b+b^2+b^3+b^4 calls: 30 of 2 "
        "branches), paper once (1+b+b^2+b^3: 15).",
    )
    ignore_eos: bool = Field(
        default=False, description="Answers get exactly as long as they may, else as the engine makes them."
    )


@dataclass(frozen=True)
class Trees:
    """The trees of a workload."""

    arguments: TreeArguments
    max_tokens: int
    hash_key: Callable[[str, int, str], str]
    """Of region, user and the program's id."""
    parallel: bool = True

    @cached_property
    def _file(self) -> QuestionFile | None:
        path = self.arguments.data_path
        return None if path is None else read_questions(path)

    @property
    def data(self) -> str:
        """What `Workload.data` says."""
        made = f"synthetic: word problems from templates, {PER_USER} a user"
        return made if self._file is None else self._file.text

    def users(self, region: str, branches: int) -> Sequence[Iterator[Program]]:
        """See `Workload.users`. Raises `UserError` if there are too few questions to go round."""
        users = self.arguments.num_users
        questions = self._questions(region)
        if len(questions) < users:
            raise UserError(
                f"{self.arguments.data_path} has {len(questions)} questions for region {region}, too few for "
                f"--num-users {users}; give fewer users, a larger --share, or a longer file"
            )
        return [
            self._rounds(region, user, questions[user::users][:PER_USER], branches) for user in range(users)
        ]

    def calls_per_tree(self, branches: int) -> int:
        """Return how many calls a tree has."""
        return calls_of_tree(branches, first_once=self.arguments.tree == "paper")

    def _questions(self, region: str) -> list[tuple[int, str]]:
        if self._file is None:
            number = self.arguments.num_users * PER_USER
            return list(enumerate(islice(made_questions(self.arguments.seed, region), number)))
        found = self._file.questions
        return take(found, (number for number, _ in found), share_of(region, self.arguments.share))

    def _rounds(
        self, region: str, user: int, questions: Sequence[tuple[int, str]], branches: int
    ) -> Iterator[TreeProgram]:
        for turn in count(1):
            for number, question in questions:
                id_ = f"{region}-{user}-{number}"
                yield TreeProgram(
                    id=id_ if turn == 1 else f"{id_}#{turn}",
                    hash_key=self.hash_key(region, user, id_),
                    question=question,
                    branches=branches,
                    max_tokens=self.max_tokens,
                    first_once=self.arguments.tree == "paper",
                    parallel=self.parallel,
                    ignore_eos=self.arguments.ignore_eos,
                )
