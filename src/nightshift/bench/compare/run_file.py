"""`run.json`: what was asked for, written before anything runs, so that a folder explains itself even if
the run breaks off.
"""

import shlex
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson

from nightshift import __version__
from nightshift.balancing.presets import Preset
from nightshift.bench.compare.experiment import Experiment, Time
from nightshift.bench.compare.files import write_json
from nightshift.bench.compare.machine import describe_machine
from nightshift.errors import UserError
from nightshift.wan.matrix import load_matrix

_WARM = "Systems were measured on services that were up before: their caches may have held earlier requests."
_VIRTUAL = (
    "Virtual time (simulated): the balancers' state machine and the engine model on a queue of events; what "
    "proxies, clients and bandwidth cost is left out."
)
_MAY_DIFFER = frozenset(
    {"machine", "repetitions", "order", "seeds", "slo", "notes", "command", "options", "resumed"}
)
"""Keys that may be others when an experiment is resumed."""


def write_run(
    experiment: Experiment, command: Sequence[str], options: Mapping[str, Any] | None = None
) -> None:
    """Make the folder of the experiment and write its `run.json`. `options` are kept for a resumption.

    Where there is one already, it must be of the same experiment. Raises `UserError` that names what is not,
    and `OSError`.
    """
    path = experiment.folder / "run.json"
    run = {**described(experiment), "options": dict(options or {}), "command": shlex.join(command)}
    if path.is_file():
        before = read_run(experiment.folder)
        check_same(before, run, experiment.folder)
        run["command"] = before.get("command", run["command"])
        run["options"] = run["options"] or before.get("options", {})
        run["resumed"] = [*before.get("resumed", []), shlex.join(command)]
        if before["machine"] != run["machine"]:
            run["notes"] = [*run["notes"], "It was resumed on another machine, or another system."]
    experiment.folder.mkdir(parents=True, exist_ok=True)
    write_json(path, run)


def read_run(folder: Path) -> dict[str, Any]:
    """Return the `run.json` of a folder. Raises `UserError`."""
    path = folder / "run.json"
    try:
        found = orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"{path} is missing: {folder} is no folder of `nightshift bench compare`") from error
    except orjson.JSONDecodeError as error:
        raise UserError(
            f"{path}:{error.lineno}: not JSON ({error.msg}); choose another --exp-name"
        ) from error
    if not isinstance(found, dict):
        raise UserError(f"{path}: expected a JSON object; choose another --exp-name")
    return found


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    """Raise `UserError` that names what differs, if another experiment is in the folder."""
    now = orjson.loads(orjson.dumps(now))
    for key in sorted(now, key=lambda key: key == "data"):  # which follows from others
        if key not in _MAY_DIFFER and before.get(key) != now[key]:
            raise UserError(
                f"{folder} was measured with {key} {_brief(before.get(key))}, and now it is "
                f"{_brief(now[key])}; resume with what it was, or choose another --exp-name"
            )
    if before.get("repetitions", 1) > now["repetitions"]:
        raise UserError(
            f"{folder} has {before['repetitions']} repetitions; --repeat may only grow when it is resumed"
        )


def _brief(value: object) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 120 else f"{text[:117]}..."


def described(experiment: Experiment) -> dict[str, Any]:
    """What `run.json` says of an experiment, whoever runs it and however often."""
    repetitions = range(1, experiment.repetitions + 1)
    return {
        **what(experiment),
        "order": [[_short(system) for system in experiment.order_of(k)] for k in repetitions],
        "seeds": [experiment.seed_of(k) for k in repetitions],
        "emulated": experiment.is_emulated,
        "speed": experiment.speed,
        "duration_s": experiment.duration_s,
        "warmup_s": experiment.warmup_s,
        "slo": experiment.slo.text,
        "regions": {
            region.name: {"replicas": region.replicas, "users": region.users} for region in experiment.regions
        },
        "wan_rtt_ms": {} if experiment.targets else _round_trips(experiment),
        "wan_jitter_ms": experiment.wan.jitter_ms,
        "workload_args": dict(experiment.workload_arguments),
        "region_args": {name: dict(own) for name, own in experiment.region_arguments.items()},
        "systems": [system.id for system in experiment.systems],
        "suffixes": [system.suffix for system in experiment.systems],
        "services": {suffix: target.shown for suffix, target in experiment.targets.items()},
        "notes": _notes(experiment),
    }


def _notes(experiment: Experiment) -> list[str]:
    """What a reader has to know beside the numbers."""
    virtual = experiment.time is Time.VIRTUAL
    return [
        *(f"System {s.title}: {s.note}." for s in experiment.systems if s.note),
        *(f"{target.note}." for target in experiment.targets.values() if target.note),
        *([_WARM] if experiment.targets else []),
        *([_VIRTUAL] if virtual else []),
        *(
            f"System {s.title}: {s.external} is not run in virtual time; switches of ours stand in for it."
            for s in experiment.systems
            if virtual and s.external
        ),
    ]


def what(experiment: Experiment) -> dict[str, Any]:
    """What both `run.json` and `summary.json` begin with."""
    return {
        "experiment": experiment.name,
        "workload": experiment.workload,
        "seed": experiment.seed,
        "engine": experiment.engine_text,
        "machine": describe_machine(),
        "version": __version__,
        "time": experiment.time.value,
        "data": _data(experiment),
        "repetitions": experiment.repetitions,
    }


def _short(system: Preset) -> int | str:
    """The number of a system, or the suffix of one that has none."""
    return system.suffix if system.id is None else system.id


def _data(experiment: Experiment) -> str:
    """Which data the users' questions come from; regions may differ."""
    asking = (region for region in experiment.regions if region.users)
    return "; ".join(dict.fromkeys(experiment.workload_of(region).data for region in asking))


def _round_trips(experiment: Experiment) -> dict[str, float]:
    """Return the round trip of each pair of regions, in ms, as emulated: there and back."""
    matrix = load_matrix(experiment.wan.matrix)
    pairs = combinations([region.name for region in experiment.regions], 2)
    return {
        f"{a} - {b}": round((matrix.one_way_s(a, b) + matrix.one_way_s(b, a)) * 1000, 2) for a, b in pairs
    }
