"""What is compared: systems, regions with their replicas and users, workload, engine. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from nightshift.backends.emulated.options import profile_named
from nightshift.balancing.presets import Preset, known_systems, named, preset
from nightshift.bench.compare.given import Target
from nightshift.bench.compare.timing import Time as Time  # noqa: PLC0414 - told on
from nightshift.bench.measures import DEFAULT_SLO, Slo
from nightshift.bench.workloads import Workload, workload
from nightshift.control.local.plan import Engine, FleetPlan, RegionPlan, WanPlan, checked, routing_of
from nightshift.control.local.recipes import require_packages
from nightshift.errors import UserError
from nightshift.wan.matrix import load_matrix


@dataclass(frozen=True, slots=True)
class RegionLoad:
    """A region: its replicas, and the users who ask from there."""

    name: str
    replicas: int
    users: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """One comparison. Times in seconds of the emulated world, which runs `speed` times faster than real."""

    name: str
    systems: tuple[Preset, ...]
    regions: tuple[RegionLoad, ...]
    workload: str
    workload_arguments: Mapping[str, object]
    duration_s: float
    warmup_s: float
    seed: int
    engine: Engine
    profile: str
    speed: float
    output_dir: Path
    wan: WanPlan = field(default_factory=lambda: WanPlan("aws-2025-05-29"))
    repetitions: int = 1
    """Each repetition runs all systems, with a seed of its own that they share."""
    region_arguments: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Arguments of the workload that only one region has."""
    time: Time = Time.LIVE
    slo: Slo = DEFAULT_SLO
    """What goodput counts."""
    ramp_s: float = 2.0
    """Users begin spread over so many seconds."""
    model: str | None = None
    """The model's name in requests, where it is not the one that the fleet serves."""
    targets: Mapping[str, Target] = field(default_factory=dict)
    """Suffix of a system -> where it runs already; nothing: fleets are started, each fresh and cold."""

    @property
    def folder(self) -> Path:
        """Where results go."""
        return self.output_dir / self.name

    @property
    def engine_text(self) -> str:
        """What the report calls the engine."""
        if self.targets:
            return " and ".join(dict.fromkeys(target.engine for target in self.targets.values()))
        emulated = self.engine is Engine.EMULATED
        return f"emulated {self.profile}" if emulated else "llama.cpp SmolLM2-135M-Instruct, CPU"

    @property
    def is_emulated(self) -> bool:
        """Whether an engine is a model of one."""
        if self.targets:
            return any(target.emulated for target in self.targets.values())
        return self.engine is Engine.EMULATED

    @property
    def runs_s(self) -> float:
        """Seconds that the users of one run go on: real ones, or virtual ones."""
        return self.duration_s / self.speed

    @property
    def model_name(self) -> str:
        """The model's name in requests."""
        return self.fleet_plan(self.systems[0]).model_name

    def system_folder(self, system: Preset) -> Path:
        """Where the files of one system go."""
        return self.folder / "systems" / system.folder_name

    def repetition_folder(self, system: Preset, repetition: int) -> Path:
        """Where the files of one run of one system go; repetitions count from 1."""
        return self.system_folder(system) / f"rep-{repetition}"

    def seed_of(self, repetition: int) -> int:
        """The seed that all systems of a repetition share: repetition 2 of seed 4 is 1 of seed 5."""
        return self.seed + repetition - 1

    def order_of(self, repetition: int) -> tuple[Preset, ...]:
        """The systems in the order in which this repetition runs them.

        Shuffled anew in each, so that what drifts on the machine does not always meet the same system. It
        depends on the number of the repetition alone, and not on how many there are.
        """
        order = list(self.systems)
        Random(f"{self.seed}/order/{repetition}").shuffle(order)
        return tuple(order)

    def arguments_of(self, region: RegionLoad, repetition: int = 1) -> dict[str, object]:
        """The workload's arguments for one region."""
        return {
            **self.workload_arguments,
            **self.region_arguments.get(region.name, {}),
            "num_users": region.users,
            "duration": self.duration_s,
            "seed": str(self.seed_of(repetition)),
        }

    def workload_of(self, region: RegionLoad, repetition: int = 1) -> Workload:
        """What the users of a region ask. Raises `UserError` for arguments that it does not take."""
        return workload(self.workload, self.arguments_of(region, repetition))

    def fleet_plan(self, system: Preset, repetition: int = 1) -> FleetPlan:
        """Return the fleet that `system` is measured on: always the same but for the routing."""
        return FleetPlan(
            name=f"{self.name}-{system.suffix}",
            regions=tuple(RegionPlan(region.name, region.replicas) for region in self.regions),
            routing=routing_of(system),
            log_dir=self.repetition_folder(system, repetition) / "logs",
            engine=self.engine,
            profile=self.profile,
            wan=self.wan if len(self.regions) > 1 else None,
            speed=self.speed,
            seed=self.seed_of(repetition),
        )

    def check(self) -> None:
        """Raise `UserError` for what cannot be run, before anything starts."""
        if self.warmup_s >= self.duration_s:
            raise UserError(f"--warmup {self.warmup_s:g} leaves nothing of --duration {self.duration_s:g}")
        for region in self.regions:
            if region.users:
                self.workload_of(region).users(region.name)
        if not self.targets:
            self._check_fleets()

    def _check_fleets(self) -> None:
        if self.engine is Engine.EMULATED:
            profile_named(self.profile)
        matrix = load_matrix(self.wan.matrix)
        for region in self.regions:
            matrix.one_way_s(region.name, region.name)  # refuses a region that it does not know
        if self.time is Time.VIRTUAL:
            from nightshift.bench.virtual.one_run import require_time, switches_of

            require_time(profile_named(self.profile))
            for system in self.systems:
                switches_of(system)
            return
        for system in self.systems:
            require_packages(checked(self.fleet_plan(system)))


def parse_systems(text: str) -> tuple[Preset, ...]:
    """Read `0-6`, `0,5`, `sgl,nightshift`, `paper` (a set) or a mixture.

    Raises `UserError` naming the known ones.
    """
    found: list[Preset] = []
    for part in text.replace(" ", ",").split(","):
        first, dash, last = part.partition("-")
        if dash and first.isdecimal() and last.isdecimal():
            found += [preset(number) for number in range(int(first), int(last) + 1)]
        elif part:
            found += named(part)
    chosen = tuple(dict.fromkeys(found))
    if not chosen:
        raise UserError(f"--systems {text!r} names no system; known are {known_systems()}")
    return chosen


def parse_regions(text: str, num_users: int | None = None) -> tuple[RegionLoad, ...]:
    """Read `us-east-2=2:60,ap-northeast-1=2:30`: region = replicas : users. `num_users` replaces users.

    Raises `UserError`.
    """
    regions = []
    for part in text.split(","):
        name, _, numbers = part.strip().partition("=")
        replicas, _, users = numbers.partition(":")
        if not (name and _is_count(replicas) and _is_count(users)):
            raise UserError(f"--regions: {part.strip()!r} is not of the form REGION=REPLICAS:USERS")
        regions.append(RegionLoad(name, int(replicas), int(users) if num_users is None else num_users))
    if not any(region.users for region in regions):
        raise UserError("--regions: nobody asks; give at least one region one user or more")
    names = [region.name for region in regions]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"--regions names {twice[0]} twice")
    return tuple(regions)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal()
