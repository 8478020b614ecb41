"""The workload `diurnal`: conversations that begin as people wake and sleep, a day compressed; open loop.

A region's conversations begin at random (a Poisson process) at a rate that follows its local hour
(`daylight.py`); the turns of each follow one another. A day takes `--day-seconds`, the run begins at
`--start-hour` UTC. All regions together have the even load that the paper's argument is about, each alone
does not. In a day a region begins `--num-users` times `--conversations-per-user` conversations in the mean;
users limit nothing. The conversations are WildChat's, or what `--data-set` says. Hash key: the data set's
user. WildChat's stand-in has a country for each user (`countries.py`), unless `--utc-offset` moves the
region.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Literal

from pydantic import Field

from nightshift.bench.workloads.base import Program
from nightshift.bench.workloads.chat import ChatProgram
from nightshift.bench.workloads.chat_data import ChatData
from nightshift.bench.workloads.common import ChatArguments
from nightshift.bench.workloads.daylight import DailyCycle, cycle_of
from nightshift.errors import UserError

MAX_TOKENS = 512


class DiurnalArguments(ChatArguments):
    """The flags of `diurnal`."""

    duration: float = Field(default=240.0, gt=0, allow_inf_nan=False, description="Seconds of the run.")
    num_users: int = Field(default=50, ge=1, description="People of this region.")
    conversations_per_user: float = Field(
        default=4.0, gt=0, allow_inf_nan=False, description="How many each begins in a day, in the mean."
    )
    day_seconds: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Seconds that a day takes. Without: the run."
    )
    start_hour: float = Field(default=0.0, ge=0, lt=24, description="Hour (UTC) at which the run begins.")
    utc_offset: float | None = Field(
        default=None, ge=-12, le=14, description="The region's hours from UTC. Without: by its name."
    )
    peak_to_trough: float | None = Field(
        default=None, ge=1, le=1000, description="Busiest hour over quietest. Without: by its name."
    )
    data_set: Literal["arena", "lmsys-chat-1m", "sharegpt", "wildchat"] = Field(
        default="wildchat",
        description="Whose statistics synthetic chats have: arena, lmsys-chat-1m, sharegpt, wildchat.",
    )


class Diurnal:
    """See the head of this file."""

    name = "diurnal"
    summary = "chats that begin by each region's local hour, a day compressed, open loop"
    arguments_type = DiurnalArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = DiurnalArguments.model_validate(arguments)
        self.duration_s = wanted.duration
        self.seed = wanted.seed
        self._day_s = wanted.day_seconds or wanted.duration
        a_day = wanted.num_users * wanted.conversations_per_user
        self.chats = ChatData(
            source=wanted.data_path,
            hub_name="allenai/WildChat-1M",
            statistics=wanted.data_set,
            seed=wanted.seed,
            number=None,
            max_answer_tokens=MAX_TOKENS,
            share=wanted.share,
            in_countries=wanted.data_set == "wildchat" and wanted.utc_offset is None,
            generated=max(50, round(a_day * min(1.0, wanted.duration / self._day_s))),
        )

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        return self.chats.text

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`. Raises `UserError` for a region whose time zone is not known."""
        wanted = self.arguments
        times = list(self.arrivals(region))
        found = self.chats.of(region)
        if not found:
            raise UserError(f"no conversation for region {region}; give a larger --share, or more data")
        order = list(range(len(found)))
        Random(f"{self.seed}/{region}/order").shuffle(order)
        max_tokens = None if wanted.ignore_eos else MAX_TOKENS
        programs = []
        for number, start_s in enumerate(times):
            again, place = divmod(number, len(order))
            one = found[order[place]]
            id_ = f"{one.id}#{again + 1}" if again else one.id
            programs.append(ChatProgram(one, id_, max_tokens, start_s=start_s))
        return [iter(programs[user :: wanted.num_users]) for user in range(wanted.num_users)]

    def arrivals(self, region: str) -> Iterator[float]:
        """Yield when a region's conversations begin, in seconds of the run (thinning, Lewis and Shedler)."""
        wanted = self.arguments
        cycle = self.cycle(region)
        mean_per_s = wanted.num_users * wanted.conversations_per_user / self._day_s
        most = cycle.most
        rng = Random(f"{self.seed}/{region}/arrivals")
        at_s = rng.expovariate(mean_per_s * most)
        while at_s < self.duration_s:
            hour = (wanted.start_hour + at_s / self._day_s * 24) % 24
            if rng.random() * most < cycle.at(hour):
                yield at_s
            at_s += rng.expovariate(mean_per_s * most)

    def cycle(self, region: str) -> DailyCycle:
        """Return the region's daily cycle."""
        return cycle_of(region, self.arguments.utc_offset, self.arguments.peak_to_trough)
