"""`run.json` of a measurement by script, with the keys of `nightshift bench compare`, written beforehand."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from nightshift import __version__
from nightshift.bench.compare.machine import describe_machine
from nightshift.bench.script.plan import Plan
from nightshift.errors import UserError
from nightshift.wan.matrix import load_matrix

_WARM = "Systems were measured on services that were up before: their caches may have held earlier requests."
_TOGETHER = "All systems were measured at the same time, by the same client machines."


def run_of(plan: Plan, views: Sequence[Mapping[str, Any]], command: Sequence[str]) -> dict[str, Any]:
    """Return what `run.json` says. `views` are the services, as the controller shows them."""
    seeds = {str(asking.arguments.get("seed", "0")) for asking in plan.asking.values()}
    engines = list(dict.fromkeys(str(view["engine"]["text"]) for view in views)) or ["not known"]
    ids = [one.system.id for one in plan.systems]
    presets = [one.system for one in plan.systems]
    return {
        "experiment": plan.name,
        "workload": plan.one.workload,
        "seed": _seed(seeds),
        "engine": " and ".join(engines),
        "machine": describe_machine(),
        "version": __version__,
        "time": "live",
        "repetitions": 1,
        "order": [ids],
        "seeds": [_seed(seeds)],
        "emulated": any(view["engine"]["emulated"] for view in views),
        "speed": float(plan.one.client.get("speed", 1.0)),
        "duration_s": plan.one.duration_s,
        "warmup_s": plan.one.warmup_s,
        "slo": plan.one.slo,
        "regions": _regions(plan, views),
        "wan_rtt_ms": _round_trips(plan.regions, views),
        "workload_args": _shared(asking.arguments for asking in plan.asking.values()),
        "region_args": {region: dict(asking.arguments) for region, asking in plan.asking.items()},
        "systems": ids,
        "suffixes": [preset.suffix for preset in presets],
        "services": {one.system.suffix: one.watched for one in plan.systems},
        "clients": f"{plan.provider}, in {', '.join(plan.regions)}",
        "notes": [
            *(f"System {p.title}: {p.note}." for p in presets if p.note),
            *plan.notes,
            _WARM,
            *([_TOGETHER] if plan.together else []),
        ],
        "command": shlex.join(command),
    }


def _seed(seeds: set[str]) -> int | str:
    """Return the seed, as a number if it is one; regions that have their own are all named."""
    text = ", ".join(sorted(seeds))
    return int(text) if text.isdecimal() else text


def _regions(plan: Plan, views: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return users and, of the first service (all are to be alike), replicas of each region."""
    first = views[0]["replicas"] if views else []
    replicas = Counter(str(unit["region"]) for unit in first if unit["status"] == "READY")
    users = {region: asking.users for region, asking in plan.asking.items()}
    names = dict.fromkeys([*users, *replicas])
    return {name: {"replicas": replicas[name], "users": users.get(name, 0)} for name in names}


def _shared(every: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """Return the arguments that are the same in all regions."""
    first, *others = every
    return {key: value for key, value in first.items() if all(one.get(key) == value for one in others)}


def _round_trips(regions: Sequence[str], views: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the emulated round trips, in ms; none where the network is real."""
    matrices = [view["wan"] for view in views if view["wan"]]
    if not matrices:
        return {}
    matrix = load_matrix(matrices[0])
    found = {}
    for a, b in combinations(regions, 2):
        try:
            found[f"{a} - {b}"] = round((matrix.one_way_s(a, b) + matrix.one_way_s(b, a)) * 1000, 2)
        except UserError:
            continue
    return found
