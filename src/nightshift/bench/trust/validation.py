"""Runs the same users against a real engine and on the model of it, for several numbers of users.

Alone (one user) the times of single requests are compared, with as many users as the engine has slots its
batching, with more its queue. A llama.cpp that is started here is a fresh, cold one for each number; an
engine that runs already gets other conversations for each, so that none is in its cache.

Every conversation begins with the same system message, on both: many models' chat templates put one of their
own before a chat without, which the model of the engine does not know.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nightshift.bench.client import ClientSettings, ClientSummary, run_client
from nightshift.bench.records import RequestRecord
from nightshift.bench.trust.agreement import Agreement, agreement
from nightshift.bench.trust.engines import engine_at
from nightshift.bench.trust.modelled import modelled
from nightshift.bench.workloads import Call, Message, Program, Workload, workload
from nightshift.engine.profiles import DeviceProfile

REGION = "us-east-2"
RAMP_S = 2.0
SYSTEM_MESSAGE = Message(role="system", content="You are a helpful assistant.")


@dataclass(frozen=True, slots=True)
class WithSystemMessage:
    """A program whose calls begin with `SYSTEM_MESSAGE`."""

    inner: Program

    @property
    def id(self) -> str:
        """See `Program.id`."""
        return self.inner.id

    @property
    def hash_key(self) -> str:
        """See `Program.hash_key`."""
        return self.inner.hash_key

    @property
    def start_s(self) -> float | None:
        """See `Program.start_s`."""
        return self.inner.start_s

    def first(self) -> Sequence[Call]:
        """See `Program.first`."""
        return [self._begun(call) for call in self.inner.first()]

    def answered(self, call: Call, answer: str) -> Sequence[Call]:
        """See `Program.answered`; the program itself never sees the message."""
        own = replace(call, messages=call.messages[1:])
        return [self._begun(following) for following in self.inner.answered(own, answer)]

    def _begun(self, call: Call) -> Call:
        return replace(call, messages=(SYSTEM_MESSAGE, *call.messages))


class Begun:
    """A workload whose programs have the system message."""

    def __init__(self, inner: Workload) -> None:
        self.name = inner.name
        self.duration_s = inner.duration_s
        self.seed = inner.seed
        self.data = inner.data
        self._inner = inner

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`."""
        return [map(WithSystemMessage, programs) for programs in self._inner.users(region)]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is asked: a workload with its arguments, but for the number of users."""

    workload: str
    arguments: Mapping[str, object]
    users: Sequence[int]
    seed: str

    def of(self, users: int) -> Workload:
        """The workload of so many users."""
        given = {**self.arguments, "num_users": users, "seed": f"{self.seed}/{users}"}
        return Begun(workload(self.workload, given))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One number of users: both runs, and how they agree."""

    users: int
    measured: list[RequestRecord]
    said: list[RequestRecord]
    client: ClientSummary
    agreement: Agreement

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, without the records."""
        return {
            "users": self.users,
            **self.agreement.as_dict(),
            "client_cpu_share": self.client.cpu_share,
            "client_lag_p99_s": self.client.lag_p99_s,
            "warnings": self.client.warnings(),
        }


def validated(
    engine: str, model: str | None, profile: DeviceProfile, trial: Trial, begin: Callable[[int], None]
) -> list[Outcome]:
    """Run the trial, each number of users for the workload's duration; `begin` is told before each.

    Raises `UserError` for an engine that cannot be asked, before anything is measured.
    """
    outcomes = []
    for users in trial.users:
        begin(users)
        load = trial.of(users)
        measured, client = asyncio.run(_measured(engine, model, load))
        said = modelled(load, REGION, profile, ramp_s=RAMP_S)
        outcomes.append(Outcome(users, measured, said, client, agreement(measured, said)))
    return outcomes


async def _measured(
    engine: str, model: str | None, load: Workload
) -> tuple[list[RequestRecord], ClientSummary]:
    records: list[RequestRecord] = []
    async with engine_at(engine) as url:
        settings = ClientSettings(REGION, url, model, ramp_s=RAMP_S, keep_alive=False)
        summary = await run_client(settings, load, write=records.append)
    return records, summary


def overall(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the agreement over all numbers of users together, each request counting once."""
    measured = [_named(record, one.users) for one in outcomes for record in one.measured]
    said = [_named(record, one.users) for one in outcomes for record in one.said]
    together = agreement(measured, said).as_dict()
    # Token/s over runs that followed one another mean nothing.
    return {
        name: value
        for name, value in together.items()
        if "token_per_s" not in name and "throughput" not in name
    }


def _named(record: RequestRecord, users: int) -> RequestRecord:
    return RequestRecord(**{**asdict(record), "program_id": f"{users}/{record.program_id}"})
