"""Traces of requests in three published formats: Mooncake, BurstGPT, Azure.

Mooncake (FAST'25; JSON Lines): `timestamp` in ms, `input_length`, `output_length` in tokens, `hash_ids`, one
for each block of 512 tokens of the prompt; two requests share a prefix where their ids begin alike.
BurstGPT (CSV): `Timestamp` in s, `Session ID`, `Request tokens`, `Response tokens`. Azure LLM inference
(CSV): `TIMESTAMP` as a date, `ContextTokens`, `GeneratedTokens`. Which of them a file
is, its first row tells.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nightshift.bench.workloads.rows import Broken, Row, read_rows
from nightshift.errors import UserError

BLOCK_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """A request of a trace: when, in seconds of the trace's own clock, and how many tokens.

    `blocks` names each 512 tokens of the prompt; without, `session` names who shares a prefix with it.
    """

    at_s: float
    input_tokens: int
    output_tokens: int
    blocks: tuple[str, ...] = ()
    session: str | None = None


@dataclass(slots=True)
class Trace:
    """The entries of a file by time, and what was skipped."""

    path: str
    format: str = ""
    rows: int = 0
    entries: list[Entry] = field(default_factory=list)
    empty: int = 0
    """Requests without prompt or answer; BurstGPT's failed ones have none."""
    broken: list[Broken] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What `Workload.data` says."""
        told = f"real: file {self.path} ({self.format}), {len(self.entries):,} of {self.rows:,} requests"
        if self.empty:
            told += f"; {self.empty:,} without prompt or answer skipped"
        if self.broken:
            first = self.broken[0]
            told += f"; {len(self.broken):,} broken rows skipped, the first at {first.where}: {first.why}"
        return told


def read_trace(path: str, wanted_format: str) -> Trace:
    """Read a trace; `wanted_format` is a name in `FORMATS`, or `auto`. Raises `UserError` if none is left."""
    trace = Trace(path, "" if wanted_format == "auto" else wanted_format)
    for where, row in read_rows(Path(path)):
        trace.rows += 1
        if isinstance(row, Broken):
            trace.broken.append(row)
            continue
        trace.format = trace.format or _format_of(row)
        try:
            entry = FORMATS[trace.format or "mooncake"](row)
        except (KeyError, ValueError, TypeError) as error:
            trace.broken.append(Broken(where, _why(error, row)))
            continue
        if entry.input_tokens > 0 and entry.output_tokens > 0:
            trace.entries.append(entry)
        else:
            trace.empty += 1
    if not trace.entries:
        why = f"; the first at {trace.broken[0].where}: {trace.broken[0].why}" if trace.broken else ""
        raise UserError(f"--data-path {path}: none of its {trace.rows:,} rows is a request{why}")
    trace.entries.sort(key=lambda entry: entry.at_s)
    return trace


def _format_of(row: Row) -> str:
    return next((name for name, mark in _MARKS.items() if mark in row), "")


def _why(error: Exception, row: Row) -> str:
    if isinstance(error, KeyError):
        return f"no field {error.args[0]!r} among {', '.join(map(str, list(row)[:6]))}"
    return str(error)[:80]


def _mooncake(row: Row) -> Entry:
    blocks = tuple(str(int(block)) for block in row["hash_ids"])
    tokens = int(row["input_length"])
    if len(blocks) * BLOCK_TOKENS < tokens:
        raise ValueError(f"{len(blocks)} hash_ids of {BLOCK_TOKENS} tokens for {tokens:,} tokens")
    return Entry(float(row["timestamp"]) / 1000, tokens, int(row["output_length"]), blocks)


def _burstgpt(row: Row) -> Entry:
    session = str(row.get("Session ID") or "").strip()
    return Entry(
        float(row["Timestamp"]),
        int(float(row["Request tokens"])),
        int(float(row["Response tokens"])),
        session=session or None,
    )


def _azure(row: Row) -> Entry:
    when = datetime.fromisoformat(row["TIMESTAMP"])
    at_s = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return Entry(at_s, int(row["ContextTokens"]), int(row["GeneratedTokens"]))


FORMATS: Mapping[str, Callable[[Row], Entry]] = {
    "mooncake": _mooncake,
    "burstgpt": _burstgpt,
    "azure": _azure,
}
_MARKS = {"mooncake": "hash_ids", "burstgpt": "Request tokens", "azure": "ContextTokens"}


def shared_block_share(entries: Iterator[Entry]) -> float:
    """Return the share of blocks that a cache without limit would have had when they came."""
    seen: set[str] = set()
    hits = total = 0
    for entry in entries:
        total += len(entry.blocks)
        hits += sum(block in seen for block in entry.blocks)
        seen.update(entry.blocks)
    return hits / total if total else 0.0
