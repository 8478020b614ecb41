"""One measurement: the load of one cell on one contestant, between two readings of what it has used."""

import asyncio
from dataclasses import asdict, dataclass
from zlib import crc32

from nightshift.bench.proxy.cells import CHUNKS, GAP_S, Cell
from nightshift.bench.proxy.generator import Duration, Generator, RefusedError
from nightshift.bench.proxy.stage import Standing
from nightshift.bench.proxy.usage import read_usage

_CAP_S = 6.0
"""What is not answered this long after the asking has ended is counted as unfinished. A stream takes 2 s."""
_QUIET_STEP_S, _QUIET_LOOKS = 0.2, 25


@dataclass(frozen=True, slots=True)
class Measurement:
    """What came of it, for `raw.jsonl`. Latencies are of answers, in stream cells of single chunks."""

    cell: str
    contestant: str
    repetition: int
    requests: int = 0
    units: int = 0
    """Requests answered, or chunks arrived: what CPU time is divided by."""
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    cpu_us_per_unit: float | None = None
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    first_p50_ms: float | None = None
    first_p99_ms: float | None = None
    rss_bytes: int = 0
    rss_growth_bytes: int = 0
    client_cpu_s: float = 0.0
    errors: int = 0
    unfinished: int = 0
    problems: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """Requests without a whole answer."""
        return self.errors + self.unfinished


def duration_of(cell: Cell, seconds: float) -> Duration:
    """Return how long a cell is measured: a plain one for `seconds`, a stream cell for one stream each."""
    return Duration(0.0, CHUNKS * GAP_S + _CAP_S) if cell.stream else Duration(seconds, seconds + _CAP_S)


async def measure(
    generator: Generator, standing: Standing, cell: Cell, repetition: int, seconds: float
) -> Measurement:
    """Put the load of `cell` on a contestant. A proxy that refuses connections is a result, not an error."""
    contestant = standing.deployment.contestant
    try:
        await generator.open(cell, standing.deployment.entry, salt_of(cell, repetition))
    except RefusedError as error:
        return Measurement(cell.name, contestant, repetition, errors=cell.connections, problems=(str(error),))
    before = read_usage(standing.sessions)
    counted = await generator.run(duration_of(cell, seconds))
    after = read_usage(standing.sessions)
    if counted["unfinished"]:
        await _quiet(standing)
    cpu_s, units = after.cpu_s_since(before), counted["units"]
    errors: dict[str, int] = counted["errors"]
    return Measurement(
        cell=cell.name,
        contestant=contestant,
        repetition=repetition,
        requests=counted["requests"],
        units=units,
        elapsed_s=counted["elapsed_s"],
        cpu_s=cpu_s,
        cpu_us_per_unit=cpu_s / units * 1e6 if units else None,
        latency_p50_ms=counted["latency_p50_ms"],
        latency_p99_ms=counted["latency_p99_ms"],
        first_p50_ms=counted["first_p50_ms"],
        first_p99_ms=counted["first_p99_ms"],
        rss_bytes=after.rss_bytes,
        rss_growth_bytes=after.rss_bytes - before.rss_bytes,
        client_cpu_s=counted["client_cpu_s"],
        errors=sum(errors.values()),
        unfinished=counted["unfinished"],
        problems=tuple(f"{count} x {problem}" for problem, count in errors.items()),
    )


async def _quiet(standing: Standing) -> None:
    """Wait, within bounds, until a contestant is over what was cut short; the next turn is not its own."""
    for _ in range(_QUIET_LOOKS):
        before = read_usage(standing.sessions)
        await asyncio.sleep(_QUIET_STEP_S)
        if read_usage(standing.sessions).cpu_s_since(before) < 0.1 * _QUIET_STEP_S:
            return


def salt_of(cell: Cell, repetition: int) -> int:
    """Return a number that makes the cold prompts of a measurement its own, the same for all contestants."""
    return crc32(cell.name.encode()) % 2**16 << 8 | repetition


def as_row(measurement: Measurement) -> dict[str, object]:
    """Return a line for `raw.jsonl`."""
    return asdict(measurement)
