"""Writes the exports of a result folder: `export/<system>/rep-<k>/` with a file of each format."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from nightshift.bench.export.aiperf import as_line
from nightshift.bench.export.inference_perf import as_summary
from nightshift.bench.measures import DEFAULT_SLO, Slo, Window, parse_slo
from nightshift.bench.records import RequestRecord
from nightshift.bench.results import ResultFolder, SystemResult

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
            records = folder.records(system, repetition)
            place = folder.path / "export" / system.folder_name / f"rep-{repetition}"
            place.mkdir(parents=True, exist_ok=True)
            _write_lines(place / REQUESTS, records, system, repetition, window)
            (place / SUMMARY).write_bytes(
                orjson.dumps(as_summary(records, window, chosen), option=orjson.OPT_INDENT_2)
            )
            written += [place / REQUESTS, place / SUMMARY]
    return written


def _write_lines(
    path: Path, records: Sequence[RequestRecord], system: SystemResult, repetition: int, window: Window
) -> None:
    of = {"system": system.suffix, "repetition": repetition}
    with path.open("wb") as file:
        for record, session in _with_sessions(records):
            line = as_line(record, session=session, warmup_s=window.warmup_s, of=of)
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _with_sessions(records: Sequence[RequestRecord]) -> Iterator[tuple[RequestRecord, int]]:
    """Number the conversations in the order in which their first request was sent."""
    numbers: dict[tuple[str, str], int] = {}
    for record in sorted(records, key=lambda record: record.start):
        yield record, numbers.setdefault((record.region, record.program_id), len(numbers))
