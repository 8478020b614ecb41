"""From a result folder that `collect` has filled to its `summary.json`."""

from pathlib import Path
from typing import Any

import orjson

from nightshift.balancing.presets import preset
from nightshift.bench.export.write import write_exports
from nightshift.bench.measures import Window, parse_slo
from nightshift.bench.results import ResultFolder
from nightshift.bench.summary import summarize_systems
from nightshift.errors import UserError

_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_KEPT = ("experiment", "workload", "seed", "engine", "machine", "version", "time", "data", "repetitions")


def summarize(folder: Path) -> Path:
    """Write the summary of the systems that are there, and return its path.

    Each run's exports for other tools go beside its records. Also says in `run.json` which data the clients
    used. Raises `UserError` where nothing has been collected.
    """
    run = _read(folder / "run.json")
    systems = [preset(suffix) for suffix in run["suffixes"]]
    done = [
        one for one in systems if (folder / "systems" / one.folder_name / "rep-1" / "done.json").is_file()
    ]
    if not done:
        raise UserError(f"{folder} has no results yet; `nightshift bench clients collect` brings them there")
    data = _data(folder)
    if data and run.get("data") != data:
        run["data"] = data
        (folder / "run.json").write_bytes(orjson.dumps(run, option=_PRETTY))
    measured = summarize_systems(
        folder,
        done,
        window=Window(run["warmup_s"], run["duration_s"]),
        slo=parse_slo(run["slo"]),
        seed=run["seeds"][0] if isinstance(run["seeds"][0], int) else 0,
        virtual=False,
    )
    path = folder / "summary.json"
    kept = {key: run[key] for key in _KEPT if key in run}
    path.write_bytes(orjson.dumps({**kept, **measured}, option=_PRETTY))
    write_exports(ResultFolder(folder))
    return path


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
