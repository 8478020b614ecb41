"""From a result folder that `collect` has filled to its `summary.json`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from nightshift.balancing.presets import Preset, preset
from nightshift.bench.measures import DEFAULT_SLO, Window, measure_repetition
from nightshift.errors import UserError

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_KEPT = ("experiment", "workload", "seed", "engine", "machine", "version", "time", "data", "repetitions")


def summarize(folder: Path) -> Path:
    """Write the summary of the systems that are there, and return its path.

    Also says in `run.json` which data the clients used. Raises `UserError` where nothing has been collected.
    """
    run = _read(folder / "run.json")
    rows = list(_rows(folder, run))
    if not rows:
        raise UserError(f"{folder} has no results yet; `nightshift bench clients collect` brings them there")
    data = _data(folder)
    if data and run.get("data") != data:
        run["data"] = data
        (folder / "run.json").write_bytes(orjson.dumps(run, option=_PRETTY))
    summary = {key: run[key] for key in _KEPT if key in run} | {"confidence": 0.95, "systems": rows}
    path = folder / "summary.json"
    path.write_bytes(orjson.dumps({**summary, "comparisons": []}, option=_PRETTY))
    return path


def _rows(folder: Path, run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for suffix in run["suffixes"]:
        system = preset(suffix)
        place = folder / "systems" / system.folder_name / "rep-1"
        if (place / "done.json").is_file():
            yield _row(system, place, Window(run["warmup_s"], run["duration_s"]))


def _row(system: Preset, place: Path, window: Window) -> dict[str, Any]:
    done = _read(place / "done.json")
    figures = measure_repetition(place, window, DEFAULT_SLO)
    return {
        "id": system.id,
        "suffix": system.suffix,
        "legend": system.legend,
        **figures,
        "intervals": {},
        "repetitions": [{key: value for key, value in figures.items() if key != "regions"}],
        "state": done["state"],
        "why": done["why"],
    }


def _data(folder: Path) -> str | None:
    """Return which data the clients say they used; several are all named."""
    accounts = (_read(path) for path in sorted(folder.glob("systems/*/rep-1/client-*.json")))
    return "; ".join(dict.fromkeys(str(one["data"]) for one in accounts if one.get("data"))) or None


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing: give a folder that a script of `gen-cmd` has filled") from error
    except orjson.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not JSON ({error.msg})") from error
    return found
