"""Open streams: as many as asked for, all at once through one proxy, each with a chunk a second.

One contestant at a time, fresh. The streams begin over some seconds, so that their chunks do not come all at
once; while all are open, memory is read and a span of ten seconds is counted; then all run to their ends.
A stream counts as whole when every chunk came, the end mark, and the last chunk of HTTP.

A proxy has a connection on each side of a stream. Where the system's limit of open files does not leave room
for twice the number of streams, fewer are opened, and the result says how many.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nightshift.bench.proxy.descriptors import raise_limit, streams_within
from nightshift.bench.proxy.generator import Generator
from nightshift.bench.proxy.plan import Display, Plan
from nightshift.bench.proxy.stage import Stage, Standing
from nightshift.bench.proxy.usage import read_usage

CONTESTANTS = ("nightshift", "sglang-router", "smg", "vllm-router", "nginx", "haproxy")
HOLDER = "nightshift.bench.proxy.holder"
GAP_MS = 1_000
CHUNKS = 30
HOLD_S = 10.0
RATE = 1_500
"""Streams that begin in a second."""
_WARM_STREAMS, _WARM_CHUNKS, _WARM_GAP_MS = 64, 2, 50


@dataclass(frozen=True, slots=True)
class Held:
    """A contestant with all its streams."""

    id: str
    streams: int
    open: int
    """At the end of the span, when all should be."""
    whole: int
    """Streams that came to their end."""
    bytes_per_stream: float
    """Growth of its memory from before the first stream until all were open, for each."""
    rss_bytes: int
    cpu_us_per_chunk: float | None
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    """Of single chunks, from the engine's write to the client."""
    problems: tuple[str, ...]

    @property
    def lost(self) -> int:
        """Streams that did not come whole."""
        return self.streams - self.whole


async def measure_open_streams(plan: Plan, logs: Path, display: Display) -> dict[str, Any]:
    """Measure one after another, and return this part of the summary."""
    streams = min(plan.streams, streams_within(raise_limit()))
    chosen = [contestant for contestant in plan.contestants if contestant.id in CONTESTANTS]
    rows: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for done, contestant in enumerate(chosen):
        folder = logs / contestant.id
        folder.mkdir()
        stage = Stage(
            (contestant,), {1}, plan.venv, folder, note=display.note, connections=streams, load=HOLDER
        )
        async with stage:
            versions |= stage.versions
            skipped |= stage.skipped
            standing = stage.standing.get((contestant.id, 1))
            if standing is not None:
                display.note(f"{streams:,} open streams  {contestant.id}")
                held = await _hold(stage.generator, standing, streams)
                rows.append({**asdict(held), "lost": held.lost})
                await stage.check()
        display.measured(done + 1, len(chosen))
    return {
        "asked_streams": plan.streams,
        "streams": streams,
        "gap_ms": GAP_MS,
        "chunks": CHUNKS,
        "versions": versions,
        "skipped": skipped,
        "rows": rows,
    }


async def _hold(generator: Generator, standing: Standing, streams: int) -> Held:
    entry = standing.deployment.entry
    await generator.order(_opening(entry, _WARM_STREAMS, _WARM_CHUNKS, _WARM_GAP_MS), 60.0)
    await generator.order({"do": "finish", "cap_s": 10.0}, 10.0)
    fresh = read_usage(standing.sessions)
    opened = await generator.order(_opening(entry, streams, CHUNKS, GAP_MS), 60.0 + streams / RATE)
    before = read_usage(standing.sessions)
    held = await generator.order({"do": "hold", "seconds": HOLD_S}, HOLD_S)
    after = read_usage(standing.sessions)
    cap_s = CHUNKS * GAP_MS / 1e3 + 15.0
    ended = await generator.order({"do": "finish", "cap_s": cap_s}, cap_s)
    chunks = held["chunks"]
    return Held(
        id=standing.deployment.contestant,
        streams=streams,
        open=min(opened["open"], held["open"]),
        whole=ended["whole"],
        bytes_per_stream=(after.rss_bytes - fresh.rss_bytes) / streams,
        rss_bytes=after.rss_bytes,
        cpu_us_per_chunk=after.cpu_s_since(before) / chunks * 1e6 if chunks else None,
        latency_p50_ms=held["latency_p50_ms"],
        latency_p99_ms=held["latency_p99_ms"],
        problems=_problems(ended["errors"], ended["unfinished"]),
    )


def _opening(entry: tuple[str, ...], streams: int, chunks: int, gap_ms: int) -> dict[str, Any]:
    return {
        "do": "open",
        "addresses": entry,
        "streams": streams,
        "chunks": chunks,
        "gap_ms": gap_ms,
        "rate": RATE,
    }


def _problems(errors: Mapping[str, int], unfinished: int) -> tuple[str, ...]:
    found = [f"{count} x {problem}" for problem, count in errors.items()]
    return (*found, *((f"{unfinished} x unfinished",) if unfinished else ()))
