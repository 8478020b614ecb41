"""The steps of a sweep: which load each has, and the experiment that it is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nightshift.bench.compare.experiment import Experiment, RegionLoad
from nightshift.bench.sweep.kinds import LoadKind
from nightshift.bench.workloads.registry import kind_named
from nightshift.errors import UserError

RATE_ARGUMENTS: Mapping[str, tuple[str, int]] = {
    "diurnal": ("conversations_per_user", 1),
    "trace": ("scale", -1),  # of a file or a made trace: the same requests, closer together
}
"""Workload -> the argument that sets its rate of arrivals, and the power of the load that it grows by."""


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One step; its results are in the folder `experiment.folder`."""

    load: float
    experiment: Experiment


def ladder(base: Experiment, kind: LoadKind, loads: Sequence[float]) -> list[LadderStep]:
    """Return the steps by rising load. Raises `UserError` for loads that cannot be."""
    ordered = sorted(dict.fromkeys(loads))
    if not ordered or ordered[0] <= 0:
        raise UserError("--loads: give positive numbers, e.g. 15,30,60,120")
    make = _with_users if kind is LoadKind.USERS else _with_rate
    return [
        LadderStep(load, replace(make(base, load), name=f"{kind.value}-{load:g}", output_dir=base.folder))
        for load in ordered
    ]


def _with_users(base: Experiment, load: float) -> Experiment:
    if load != int(load):
        raise UserError(f"--loads: {load:g} users are no whole number")
    return replace(base, regions=split(base.regions, int(load)))


def split(regions: Sequence[RegionLoad], users: int) -> tuple[RegionLoad, ...]:
    """Split users over regions in their proportion, whole ones, the largest remainders first."""
    total = sum(region.users for region in regions)
    shares = [users * region.users / total for region in regions]
    whole = [int(share) for share in shares]
    by_remainder = sorted(range(len(regions)), key=lambda at: shares[at] - whole[at], reverse=True)
    for at in by_remainder[: users - sum(whole)]:
        whole[at] += 1
    return tuple(replace(region, users=own) for region, own in zip(regions, whole, strict=True))


def _with_rate(base: Experiment, load: float) -> Experiment:
    if base.workload not in RATE_ARGUMENTS:
        raise UserError(
            f"workload {base.workload} has no rate to raise; use --load users, or one of "
            f"{', '.join(RATE_ARGUMENTS)}"
        )
    name, power = RATE_ARGUMENTS[base.workload]
    default = kind_named(base.workload).arguments_type.model_fields[name].default
    shared = {name: default, **base.workload_arguments}
    own = {region: dict(arguments) for region, arguments in base.region_arguments.items()}
    for arguments in (shared, *own.values()):
        if name in arguments:
            arguments[name] = _number(arguments[name]) * load**power
    return replace(base, workload_arguments=shared, region_arguments=own)


def _number(value: object) -> float:
    assert isinstance(value, int | float)  # noqa: S101 - the workload's model has checked it
    return value
