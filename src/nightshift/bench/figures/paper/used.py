"""The data that a run used, made again from its `run.json`: same workload, arguments and seed, same texts."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from nightshift.bench.figures.data import RunData
from nightshift.bench.workloads import Workload, workload
from nightshift.bench.workloads.chat import ChatProgram
from nightshift.bench.workloads.chat_data import ChatData


@runtime_checkable
class OfChats(Protocol):
    """A workload whose programs are conversations."""

    chats: ChatData


def workload_of(run: RunData, region: str) -> Workload:
    """Return the workload of a region's users, of the first repetition.

    Raises `UserError` where the run does not say enough, or its data file is not there any more.
    """
    told = run.run
    own = (told.get("region_args") or {}).get(region) or {}
    return workload(
        str(told.get("workload")),
        {
            **(told.get("workload_args") or {}),
            **own,
            "num_users": (told.get("regions") or {})[region]["users"],
            "duration": told.get("duration_s", 120),
            "seed": str(told.get("seed", 0)),
        },
    )


def asking_regions(run: RunData) -> list[str]:
    """Regions that have users."""
    return [name for name, region in (run.run.get("regions") or {}).items() if region.get("users")]


def arrivals(run: RunData, region: str) -> Iterator[tuple[float, str | None]]:
    """Yield when the programs of an open loop begin, in seconds of the run, and their users' countries.

    Nothing in a closed loop; None for the country where the data does not say it.
    """
    for programs in workload_of(run, region).users(region):
        for program in programs:
            if program.start_s is None:
                return
            yield program.start_s, program.conversation.country if isinstance(program, ChatProgram) else None


def real_chats(run: RunData) -> list[ChatData]:
    """Return the real conversations that the run read, each source once, whatever region plays them."""
    loads = [workload_of(run, region) for region in asking_regions(run)]
    found = [load.chats for load in loads if isinstance(load, OfChats) and load.chats.source is not None]
    return list({chats.origin: chats for chats in found}.values())
