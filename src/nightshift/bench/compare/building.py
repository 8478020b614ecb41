"""From options to an experiment: defaults, and what belongs together. Starts nothing."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nightshift.bench.compare.experiment import Experiment, RegionLoad, Time, parse_regions, parse_systems
from nightshift.bench.compare.given import Target, targets_of
from nightshift.bench.compare.options import Options
from nightshift.bench.compare.watched import watched
from nightshift.bench.measures import DEFAULT_SLO, parse_slo
from nightshift.bench.script.asking import Asking, asked, regions_of
from nightshift.bench.workloads.arguments import as_words
from nightshift.control.local.plan import DEFAULT_PROFILE, Engine, WanPlan
from nightshift.errors import UserError

_OWN_FIELDS = ("num_users", "duration", "seed")
"""Arguments that an experiment has beside those of its workload."""


@dataclass(frozen=True, slots=True)
class _Default:
    """What an engine is compared with when the user does not say otherwise."""

    systems: str
    regions: tuple[str, ...]
    data_set: str
    num_conv: int
    duration_s: float
    warmup_s: float
    speed: float


_DEFAULTS = {
    # Close to the knee of this fleet: see docs/decisions/0003-default-load.md.
    Engine.EMULATED: _Default("0-6", ("us-east-2=2:60", "ap-northeast-1=2:30"), "sharegpt", 2000, 200, 20, 6),
    # One thread for each replica, two cores in all: small, and in real time.
    Engine.LLAMA_CPP: _Default("0,5", ("us-east-2=1:2", "ap-northeast-1=1:1"), "arena", 50, 60, 0, 1),
}
_REPLICAS = 2


def experiment_of(options: Options, *, name: str | None, output_dir: Path) -> Experiment:
    """Return the experiment that the options ask for. Raises `UserError`."""
    engine, time = Engine(options.engine or Engine.EMULATED), Time(options.time or Time.LIVE)
    default = _DEFAULTS[engine]
    systems = parse_systems(",".join(options.systems or [default.systems]))
    own, replicas = _regions(options, default)
    targets = targets_of(
        systems, list(own), options.service_names or (), options.endpoints or (), options.gke_endpoint
    )
    asking = _asking(options, default, own, targets)
    one = next(iter(asking.values()))
    users = [ask.users for ask in asking.values()]
    experiment = Experiment(
        name=name or _name(one.workload, engine, time, users, one.duration_s),
        systems=systems,
        regions=tuple(
            RegionLoad(region, _replicas_of(region, replicas, targets), ask.users)
            for region, ask in asking.items()
        ),
        workload=one.workload,
        workload_arguments=_shared(list(asking.values())),
        region_arguments=_each(asking),
        duration_s=one.duration_s,
        warmup_s=one.warmup_s,
        seed=_seed(asking),
        engine=engine,
        profile=options.profile or DEFAULT_PROFILE,
        speed=1.0 if time is Time.VIRTUAL else float(one.client["speed"]),
        output_dir=output_dir,
        wan=WanPlan("aws-2025-05-29", jitter_ms=options.jitter_ms or 0.0),
        repetitions=options.repeat or 1,
        time=time,
        slo=DEFAULT_SLO if options.slo is None else parse_slo(options.slo),
        ramp_s=float(one.client.get("ramp", 2.0)),
        model=one.client.get("model"),
        targets=targets,
    )
    _check_together(options, experiment)
    return replace(experiment, targets=watched(targets)) if targets else experiment


def _regions(options: Options, default: _Default) -> tuple[dict[str, str], dict[str, int]]:
    """Return each region's own words, and its replicas. The number of users is one of the words."""
    if options.regions and options.region_to_args:
        raise UserError("give one of --regions and --region-to-args, and only one")
    count = options.replicas or _REPLICAS
    if options.region_to_args:
        own = regions_of((), options.region_to_args)
        return own, dict.fromkeys(own, count)
    if not (options.regions or options.service_names or options.endpoints or options.gke_endpoint):
        loads = parse_regions(",".join(default.regions), options.num_users)
    elif options.regions and all("=" not in word for word in options.regions):
        regions_of(options.regions, None)
        return dict.fromkeys(options.regions, ""), dict.fromkeys(options.regions, count)
    elif options.regions:
        loads = parse_regions(",".join(options.regions), options.num_users)
    else:
        raise UserError("give one of --regions and --region-to-args: where do the clients stand?")
    words = {load.name: f"--num-users={load.users}" for load in loads}
    return words, {load.name: load.replicas for load in loads}


def _asking(
    options: Options, default: _Default, own: Mapping[str, str], targets: Mapping[str, Target]
) -> dict[str, Asking]:
    """Return what each region's users ask: of --extra-args and of the options of the same names."""
    extra = options.extra_args or ""
    same: dict[str, object] = {
        "workload": options.workload,
        "num_conv": options.num_conv,
        "data_set": options.data_set,
        "duration": options.duration,
        "warmup": options.warmup,
        "seed": options.seed,
        "speed": options.speed,
    }
    if options.num_users is not None and not any("--num-users" in words for words in own.values()):
        same["num_users"] = options.num_users
    for name, value in same.items():
        flag = f"--{name.replace('_', '-')}"
        if value is not None and _has(extra, flag):
            raise UserError(f"{flag} is given beside --extra-args and in it; take it out of one")
    everything = [extra, *own.values()]
    if not targets:
        for name, usual in (("duration", default.duration_s), ("warmup", default.warmup_s)):
            _set_default(same, everything, name, usual)
        if options.workload in (None, "arena_syn") and not _names_another(extra):
            _set_default(same, everything, "num_conv", default.num_conv)
            _set_default(same, everything, "data_set", default.data_set)
    quiet = {region for region, words in own.items() if words == "--num-users=0"}
    words = {region: "" if region in quiet else text for region, text in own.items()}
    speed = next((f"{one.speed:g}" for one in targets.values() if one.speed != 1), None)
    fallback = {"speed": speed or ("1" if targets else f"{default.speed:g}")}
    found = asked(f"{shlex.join(as_words(same))} {extra}", words, fallback)
    for region, one in found.items():
        if "num_users" not in one.arguments and region not in quiet:
            raise UserError(
                f"how many users does {region} have? Give --num-users in --extra-args or --region-to-args, "
                "or REGION=REPLICAS:USERS in --regions"
            )
    return {
        region: Asking(one.workload, {**one.arguments, "num_users": 0}, one.client)
        if region in quiet
        else one
        for region, one in found.items()
    }


def _has(words: str, flag: str) -> bool:
    return any(word == flag or word.startswith(f"{flag}=") for word in words.split())


def _names_another(extra: str) -> bool:
    """Whether the words name a workload that is not the usual one."""
    words = extra.replace("=", " ").split()
    return "--workload" in words and words[words.index("--workload") + 1 :][:1] != ["arena_syn"]


def _set_default(same: dict[str, object], everything: Sequence[str], name: str, usual: object) -> None:
    if same[name] is None and not any(_has(words, f"--{name.replace('_', '-')}") for words in everything):
        same[name] = usual


def _replicas_of(region: str, replicas: Mapping[str, int], targets: Mapping[str, Target]) -> int:
    if not targets:
        return replicas[region]
    return max(target.replicas.get(region, 0) for target in targets.values())


def _shared(every: Sequence[Asking]) -> dict[str, object]:
    first, *others = every
    return {
        key: value
        for key, value in first.arguments.items()
        if key not in _OWN_FIELDS and all(one.arguments.get(key) == value for one in others)
    }


def _each(asking: Mapping[str, Asking]) -> dict[str, dict[str, object]]:
    """Return what only some regions have, or have otherwise."""
    shared = _shared(list(asking.values()))
    found = {
        region: {
            key: value for key, value in one.arguments.items() if key not in _OWN_FIELDS and key not in shared
        }
        for region, one in asking.items()
    }
    return {region: own for region, own in found.items() if own}


def _seed(asking: Mapping[str, Asking]) -> int:
    seeds = {str(one.arguments.get("seed", "0")) for one in asking.values()}
    text = seeds.pop()
    if seeds or not text.removeprefix("-").isdecimal():
        raise UserError("--seed is one whole number for all regions: repetitions count up from it")
    return int(text)


def _check_together(options: Options, experiment: Experiment) -> None:
    """Raise `UserError` for options that do not go together."""
    if experiment.time is Time.VIRTUAL:
        wrong = {
            "--speed": options.speed is not None,
            "--jitter-ms": bool(options.jitter_ms),
            "--engine llama.cpp": experiment.engine is Engine.LLAMA_CPP,
            "--service-names, --endpoints or --gke-endpoint": bool(experiment.targets),
        }
        for what, is_given in wrong.items():
            if is_given:
                raise UserError(f"--time virtual has no use for {what}; leave out one of them")
    if experiment.model and not experiment.targets:
        raise UserError("--model is for given endpoints; a fleet that is started here serves its own")
    if experiment.targets and (options.engine or options.profile or options.replicas or options.jitter_ms):
        raise UserError(
            "--engine, --profile, --replicas and --jitter-ms are for fleets that are started here; what runs "
            "behind --service-names or --endpoints is as it is"
        )


def _name(workload: str, engine: Engine, time: Time, users: list[int], duration_s: float) -> str:
    crowd = "_".join(str(number) for number in users)
    kind = "" if engine is Engine.EMULATED else "_llamacpp"
    kind += "_virtual" if time is Time.VIRTUAL else ""
    return f"{workload}{kind}_u{crowd}_d{duration_s:g}"
