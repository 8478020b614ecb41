"""The workload `tot`: trees of thoughts on word problems, all branches in parallel, closed loop.

After the original: four steps, two branches, answers of 256 tokens at most, temperature 0.001, and one hash
key for all users of a region, its name (so consistent hashing sends a region's trees to one replica; the
paper's text has the question instead: `--hash-key question`). A tree has 30 calls, as in the original's
code, or with `--tree paper` 15, as in the paper.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field

from nightshift.bench.workloads.base import Program
from nightshift.bench.workloads.trees import TreeArguments, Trees

MAX_TOKENS = 256


class TotArguments(TreeArguments):
    """The flags of `tot`."""

    hash_key: Literal["region", "question"] = Field(
        default="region", description="What consistent hashing goes by: the region's name, or the question."
    )


class Tot:
    """See the head of this file."""

    name = "tot"
    summary = "trees of thoughts on word problems, branches in parallel, closed loop"
    arguments_type = TotArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = TotArguments.model_validate(arguments)
        self.duration_s = wanted.duration
        self.seed = wanted.seed
        by_region = wanted.hash_key == "region"
        self.trees = Trees(wanted, MAX_TOKENS, lambda region, user, id_: region if by_region else id_)

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        return self.trees.data

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`."""
        return self.trees.users(region, self.arguments.num_branches)
