"""One request as the client saw it, and files of them: JSON Lines, one request each.

Names are those of the original's bench, so that its users find their way. All times are in seconds of
the run's own clock (0: the common start of all regions), already multiplied by the fleet's speed. A
request either finished, or failed (`failed` says why), or was still running when the run ended
(`unfinished`); none is left out. What was not seen is None.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import BinaryIO

import orjson

from nightshift.errors import UserError


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """See the head of this file. Lengths in tokens as the engine reports them, unless said otherwise."""

    uid: str
    region: str
    user: int
    turn: int
    program_id: str
    hash_key: str
    start: float
    """Just before sending; a new connection counts."""
    end: float
    """When the answer was complete, the failure noticed, or the run over."""
    prompt_bytes: int
    """Bytes of content that were sent, for a guess at `input_tokens` where no engine told."""
    scheduled: float | None = None
    """Open loop: when it was due; `start` - `scheduled` is the client's own lag."""
    response_start: float | None = None
    """When the response's head was here."""
    streaming_start: float | None = None
    """When the first non-empty piece of content was here."""
    ttft: float | None = None
    """`streaming_start` - `start`."""
    e2e_latency: float | None = None
    """From `start` to the chunk with a finish reason; only of a request that finished."""
    failed: str | None = None
    unfinished: bool = False
    input_tokens: int | None = None
    output_tokens: int = 0
    """Where no engine told (unfinished, failed): the pieces of content seen so far."""
    cached_tokens: int | None = None
    itl_s: list[float] | None = None
    """Gaps between pieces of content that came one after another, to 0.1 ms; None before the second."""
    itl_mean: float | None = None
    """Mean of those gaps, not rounded."""
    itl_max: float | None = None
    balancer: str | None = None
    """The balancer that the client spoke to; this and what follows are from the response's headers."""
    replica: str | None = None
    served_by: str | None = None
    """The region that served."""
    hops: int | None = None
    queued_s: float | None = None
    matched: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """All response headers, names in lower case."""

    @property
    def finished(self) -> bool:
        """Whether the whole answer came."""
        return self.failed is None and not self.unfinished


_NAMES = frozenset(f.name for f in fields(RequestRecord))


def write_record(file: BinaryIO, record: RequestRecord) -> None:
    """Append one line and flush it, so that a crash loses nothing that had ended."""
    file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    file.flush()


def read_records(path: Path) -> list[RequestRecord]:
    """Read a file of records; fields of later versions are passed over.

    A last line without its end is a writer that was stopped, and is left out. Any other line that is
    not a record is a `UserError` that names it.
    """
    records = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                known = {name: value for name, value in orjson.loads(line).items() if name in _NAMES}
                records.append(RequestRecord(**known))
            except (orjson.JSONDecodeError, AttributeError, TypeError) as error:
                if not line.endswith(b"\n"):
                    break
                raise UserError(
                    f"{path}:{number}: not a request record ({error}); remove the line or run again"
                ) from error
    return records
