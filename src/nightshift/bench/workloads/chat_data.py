"""Where a workload of chats has its conversations from: real data, or the generator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from nightshift.bench.workloads.conversations import (
    Conversation,
    conversations,
    group_by_simulated_user,
)
from nightshift.bench.workloads.countries import with_countries
from nightshift.bench.workloads.published import DATA_SETS
from nightshift.bench.workloads.real_chats import RealChats, read_chats
from nightshift.bench.workloads.shares import share_of, take
from nightshift.errors import UserError


@dataclass(frozen=True)
class ChatData:
    """Conversations of a region. `source` is what `--data-path` says; None: the generator."""

    source: str | None
    hub_name: str
    statistics: str
    """Name in `published.DATA_SETS` of what the generator follows."""
    seed: str
    number: int | None
    """Conversations of a region; None: all that there are, of the generator `generated`."""
    max_answer_tokens: int
    share: str | None = None
    start: int = 0
    rows: int | None = None
    """Which rows of real data: so many after `start`."""
    needs_time: bool = False
    generated: int = 1000
    in_countries: bool = False
    """Whether the generator's users live somewhere (`countries.py`)."""
    _made: dict[str, list[Conversation]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _real(self) -> RealChats:
        assert self.source is not None  # noqa: S101 - asked for only then
        return read_chats(
            self.source,
            hub_name=self.hub_name,
            start=self.start,
            number=self.rows,
            needs_time=self.needs_time,
        )

    @property
    def everyone(self) -> Sequence[Conversation]:
        """All conversations of real data that were read, whatever region plays them; none of the generator.

        Raises `UserError` if they cannot be read.
        """
        return () if self.source is None else self._real.conversations

    @property
    def origin(self) -> tuple[object, ...]:
        """What `everyone` depends on: the same of two regions that read the same."""
        return (self.source, self.hub_name, self.start, self.rows)

    @property
    def text(self) -> str:
        """What `Workload.data` says."""
        if self.source is not None:
            return self._real.text
        wanted = self.number or self.generated
        return f"synthetic: {wanted:,} conversations a region, with the statistics of {self.statistics}"

    def of(self, region: str, lives_here: Callable[[Conversation], bool] | None = None) -> list[Conversation]:
        """Return the conversations of a region; of real data its share, of those that `lives_here` keeps.

        Their ids begin with the region, so that no two regions have one in common.
        """
        if self.source is None:
            if region not in self._made:
                self._made[region] = self._generate(region)
            return self._made[region]
        found = self._real.conversations
        if lives_here is not None:
            found = [one for one in found if lives_here(one)]
        share = (0, 1) if lives_here is not None and self.share is None else share_of(region, self.share)
        own = take(found, (one.user for one in found), share)[: self.number]
        return [self._in_region(one, region) for one in own]

    def more(self, generated: str) -> str:
        """Return what gives more users: of the generator as `generated` says, of real data what it has."""
        if self.source is None:
            return generated
        return "give a larger --share or --num-conv, data of more users, or fewer users"

    def _generate(self, region: str) -> list[Conversation]:
        found = conversations(
            seed=self.seed,
            region=region,
            number=self.number or self.generated,
            statistics=DATA_SETS[self.statistics],
            max_answer_tokens=self.max_answer_tokens,
        )
        return with_countries(found, region, self.seed) if self.in_countries else found

    def _in_region(self, one: Conversation, region: str) -> Conversation:
        most = self.max_answer_tokens
        turns = tuple(replace(turn, answer_tokens=min(turn.answer_tokens, most)) for turn in one.turns)
        return replace(one, id=f"{region}-{one.id}", turns=turns)


def group_all(found: Sequence[Conversation], num_users: int, more: str) -> list[list[Conversation]]:
    """Share conversations out among simulated users. Raises `UserError`, which says `more`, if too few."""
    groups = group_by_simulated_user(found, num_users)
    if not all(groups):
        raise UserError(
            f"{len(found):,} conversations come from only {sum(map(bool, groups))} users of the data "
            f"set, too few for --num-users {num_users}; {more}"
        )
    return groups
