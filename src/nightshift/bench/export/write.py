"""Writes the exports of a result folder: into the folder of each repetition, a file of each format.

`compare` does so for each run that has ended, and the command `export` again, with another SLO if so wanted.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from nightshift.bench.compare.files import write_json
from nightshift.bench.export.aiperf import as_line
from nightshift.bench.export.inference_perf import as_summary
from nightshift.bench.measures import DEFAULT_SLO, Slo, Window, parse_slo
from nightshift.bench.records import RequestRecord
from nightshift.bench.results import ResultFolder, records_in

REQUESTS, SUMMARY = "profile_export.jsonl", "summary_lifecycle_metrics.json"


def write_exports(folder: ResultFolder, slo: Slo | None = None) -> list[Path]:
    """Write both files for each repetition of each system; return their paths. Those of before are replaced.

    `slo` is that of the run if None. Raises `UserError` for a folder that is no result folder, `OSError`.
    """
    run = folder.run
    window = Window(float(run.get("warmup_s") or 0.0), float(run["duration_s"]))
    chosen = slo or (parse_slo(str(run["slo"])) if run.get("slo") else DEFAULT_SLO)
    written = []
    for system in folder.systems:
        for repetition in folder.repetitions(system):
            place = folder.repetition_path(system, repetition)
            written += write_run_export(place, system.suffix, repetition, window=window, slo=chosen)
    return written


def write_run_export(place: Path, system: str, repetition: int, *, window: Window, slo: Slo) -> list[Path]:
    """Write both files of one run, whose records are in `place`; return their paths. Raises `OSError`."""
    records = records_in(place)
    requests, summary = place / REQUESTS, place / SUMMARY
    of = {"system": system, "repetition": repetition}
    unfinished = place / f".{REQUESTS}.unfinished"
    with unfinished.open("wb") as file:
        for record, session in _with_sessions(records):
            line = as_line(record, session=session, warmup_s=window.warmup_s, of=of)
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    unfinished.replace(requests)
    write_json(summary, as_summary(records, window, slo))
    return [requests, summary]


def is_written(place: Path, slo: Slo) -> bool:
    """Whether both files of a run are there, with the goodput of this SLO. The summary is written last."""
    try:
        said = orjson.loads((place / SUMMARY).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return False
    return (place / REQUESTS).is_file() and bool(said.get("nightshift", {}).get("slo") == slo.text)


def _with_sessions(records: Sequence[RequestRecord]) -> Iterator[tuple[RequestRecord, int]]:
    """Number the conversations in the order in which their first request was sent."""
    numbers: dict[tuple[str, str], int] = {}
    for record in sorted(records, key=lambda record: record.start):
        yield record, numbers.setdefault((record.region, record.program_id), len(numbers))
