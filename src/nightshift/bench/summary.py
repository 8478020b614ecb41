"""`summary.json`: from what each repetition of each system left in the result folder.

Made from the folder alone, so that it can be made again: with another SLO, or with what came in later.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from nightshift.balancing.presets import Preset
from nightshift.bench.measures import Slo, Window, measure_repetition
from nightshift.bench.results import folder_name, repetitions_in
from nightshift.bench.statistics import CONFIDENCE
from nightshift.bench.statistics.rows import comparisons_of, row_of

_LASTING = ("id", "suffix", "legend")


def summarize_systems(
    folder: Path, systems: Iterable[Preset], *, window: Window, slo: Slo, seed: int, virtual: bool = False
) -> dict[str, Any]:
    """Return `confidence`, `slo`, `systems` and `comparisons` of `summary.json`.

    Systems without a repetition that has ended (no `done.json`) are left out. What a repetition left that
    was not measured to its end is in its system's figures, and the row says so; systems are compared by
    whole repetitions alone. In virtual time a row says where switches of ours stand in for another program.
    """
    measured: dict[str, dict[int, Mapping[str, Any]]] = {}
    rows = []
    for system in systems:
        place = folder / "systems" / folder_name(system.id, system.suffix)
        ended = [k for k in repetitions_in(place) if (place / f"rep-{k}" / "done.json").is_file()]
        if not ended:
            continue
        own = {k: measure_repetition(place / f"rep-{k}", window, slo) for k in ended}
        broken = _broken(place, ended)
        measured[system.suffix] = {k: figures for k, figures in own.items() if k not in broken}
        rows.append({**_names(system, virtual=virtual), **row_of(list(own.values())), **_state(broken)})
    return {
        "confidence": CONFIDENCE,
        "slo": {"text": slo.text, **slo.limits()},
        "systems": rows,
        "comparisons": comparisons_of(measured, seed),
    }


def _names(system: Preset, *, virtual: bool) -> dict[str, Any]:
    names: dict[str, Any] = {name: getattr(system, name) for name in _LASTING}
    if virtual and system.external is not None:
        names["emulated_note"] = (
            f"{system.external} is not run in virtual time: switches of Nightshift stand in for it"
        )
    return names


def _broken(place: Path, ended: Iterable[int]) -> dict[int, str]:
    """Return why each repetition that was not measured to its end was not."""
    said = {k: orjson.loads((place / f"rep-{k}" / "done.json").read_bytes()) for k in ended}
    return {k: str(done["why"]) for k, done in said.items() if done["state"] != "finished"}


def _state(broken: Mapping[int, str]) -> dict[str, Any]:
    why = "; ".join(f"repetition {k}: {reason}" for k, reason in broken.items())
    return {"state": "partial" if broken else "finished", "why": why or None}
