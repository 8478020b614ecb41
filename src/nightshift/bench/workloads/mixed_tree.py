"""The workload `mixed_tree`: large trees in one part of the world, small ones elsewhere.

After the paper's "Mixed Tree": clients in the US have trees of four branches, the others of two; the paper
has two clients there and twenty in each other region, which `--num-users` says for each region. The original
had no workload of this name: it was `tot_single` with other flags in each region; so are answers here and
what is sent. The hash key is the question, as the paper says. Without `--num-branches` a region of the
Americas has four branches, any other two.
"""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from nightshift.bench.workloads.base import Program
from nightshift.bench.workloads.continents import Continent, continent_of_region
from nightshift.bench.workloads.trees import TreeArguments, Trees

MAX_TOKENS = 512
LARGE, SMALL = 4, 2


class MixedTreeArguments(TreeArguments):
    """The flags of `mixed_tree`."""

    num_branches: int | None = Field(  # type: ignore[assignment]  # here it follows from the region
        default=None,
        ge=1,
        le=8,
        description="How often each answer is continued. Without: 4 in regions of the Americas, else 2.",
    )
    disable_parallel: bool = Field(default=False, description="One call of a tree at a time.")


class MixedTree:
    """See the head of this file."""

    name = "mixed_tree"
    summary = "trees of thoughts, of 4 branches in the Americas and of 2 elsewhere, closed loop"
    arguments_type = MixedTreeArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = MixedTreeArguments.model_validate(arguments)
        self.duration_s = wanted.duration
        self.seed = wanted.seed
        self.trees = Trees(
            wanted, MAX_TOKENS, lambda region, user, id_: id_, parallel=not wanted.disable_parallel
        )

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        return self.trees.data

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`."""
        asked = self.arguments.num_branches
        if asked is None:
            american = region != "none" and continent_of_region(region) is Continent.AMERICAS
            asked = LARGE if american else SMALL
        return self.trees.users(region, asked)
