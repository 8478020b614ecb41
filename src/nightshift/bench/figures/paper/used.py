"""The data that a run used, made again from its `run.json`: same workload, arguments and seed, same texts."""

from collections.abc import Iterator

from nightshift.bench.figures.data import RunData
from nightshift.bench.workloads import Workload, workload


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


def arrivals_s(run: RunData, region: str) -> Iterator[float]:
    """Yield when the programs of an open loop begin, in seconds of the run; nothing in a closed loop."""
    for programs in workload_of(run, region).users(region):
        for program in programs:
            if program.start_s is None:
                return
            yield program.start_s
