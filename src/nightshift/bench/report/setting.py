"""What was run, from `run.json`: the facts a reader needs to judge the numbers or to repeat them.

Known keys come first, in a fixed order and with a unit; whatever else the run wrote down follows under its
own name, so nothing that was recorded stays hidden.
"""

from collections.abc import Mapping

from nightshift.bench.figures.names import time_label
from nightshift.bench.report.html import Html, element
from nightshift.bench.results import Json

NAMES = {
    "command": "Command",
    "experiment": "Experiment",
    "workload": "Workload",
    "workload_args": "Workload arguments",
    "engine": "Engine",
    "emulated": "Engine emulated",
    "regions": "Regions",
    "wan_rtt_ms": "WAN round trip (ms)",
    "wan_jitter_ms": "WAN jitter (ms)",
    "data": "Data",
    "time": "Time",
    "repetitions": "Repetitions",
    "order": "Order of the systems in each repetition",
    "slo": "SLO (s)",
    "duration_s": "Duration (s)",
    "warmup_s": "Warm-up (s)",
    "seed": "Seed",
    "seeds": "Seeds of the repetitions",
    "speed": "Speed factor",
    "systems": "Systems",
    "machine": "Machine",
    "version": "Version",
}
ELSEWHERE = frozenset({"notes"})
"""Keys that have a section of their own."""


def facts(run: Json) -> Html:
    """Make the list of facts."""
    known = [(name, run[key]) for key, name in NAMES.items() if key in run]
    others = [(_words(key), value) for key, value in run.items() if key not in NAMES and key not in ELSEWHERE]
    items = []
    for name, value in known + others:
        said = _say(value)
        items += [
            element("dt", name),
            element("dd", element("code", said) if name == NAMES["command"] else said),
        ]
    return element("dl", *items, class_="facts")


def _words(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _say(value: object) -> str:
    """Say a JSON value in one line; nested ones in brackets."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_inner(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        apart = "; " if any(isinstance(item, list) for item in value) else ", "
        return apart.join(_inner(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "not recorded" if value is None else str(value)


def _inner(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_inner(item)} {_words(str(key)).lower()}" for key, item in value.items())
    return _say(value)


def tags(run: Json) -> Html:
    """The run in a few labels; the first says whether the engine is emulated."""
    emulated = bool(run.get("emulated"))
    labels = [
        element(
            "span",
            "Emulated engine: no GPU was used" if emulated else "Real engine",
            class_="tag emulated" if emulated else "tag",
        )
    ]
    if time_label(run):
        simulated = time_label(run).startswith("virtual")
        labels.append(element("span", time_label(run), class_="tag emulated" if simulated else "tag"))
    regions: Mapping[str, Json] = run.get("regions") or {}
    texts = [
        str(run.get("engine", "")),
        str(run.get("workload", "")),
        *(_region(name, region) for name, region in regions.items()),
        str(run.get("data") or ""),
        f"{run['repetitions']} repetitions" if int(run.get("repetitions") or 1) > 1 else "one repetition",
        f"seed {run['seed']}" if "seed" in run else "",
        f"{run['duration_s']:g} s a system" if "duration_s" in run else "",
        f"speed ×{run['speed']:g}" if run.get("speed", 1) != 1 else "",
    ]
    labels += [element("span", text, class_="tag") for text in texts if text]
    return Html(" ".join(labels))


def _region(name: str, region: Json) -> str:
    parts = [f"{region[key]} {key}" for key in ("replicas", "users") if key in region]
    return f"{name}: {', '.join(parts)}"
