"""The workload `tot_single`: as `tot`, but the hash key is the user, and branches may be taken in turn.

After the original: answers of 512 tokens at most, hash key `<region>-<user>`, program id
`<region>-<user>-<question>`, and with `--disable-parallel` one call of a tree at a time, depth first.
"""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from nightshift.bench.workloads.base import Program
from nightshift.bench.workloads.trees import TreeArguments, Trees

MAX_TOKENS = 512


class TotSingleArguments(TreeArguments):
    """The flags of `tot_single`."""

    disable_parallel: bool = Field(default=False, description="One call of a tree at a time.")


class TotSingle:
    """See the head of this file."""

    name = "tot_single"
    summary = "trees of thoughts, keyed by user, branches in parallel or in turn, closed loop"
    arguments_type = TotSingleArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = TotSingleArguments.model_validate(arguments)
        self.duration_s = wanted.duration
        self.seed = wanted.seed
        self.trees = Trees(
            wanted,
            MAX_TOKENS,
            lambda region, user, id_: f"{region}-{user}",
            parallel=not wanted.disable_parallel,
        )

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        return self.trees.data

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`."""
        return self.trees.users(region, self.arguments.num_branches)
