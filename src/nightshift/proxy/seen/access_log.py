"""One JSON line for each request that is over, with the decision and its reasons.

Off unless configured. There is no prompt in it, no key, no header and no query string: only what an `Outcome`
holds. Text that a client chose (path, model) is cut at a length. Fields that do not apply are null, so that
every line has the same keys.
"""

from collections.abc import Callable
from datetime import datetime

import orjson

from nightshift.proxy.fields import HeaderLines
from nightshift.proxy.seen.line_writer import LineWriter
from nightshift.proxy.seen.outcome import Outcome
from nightshift.proxy.seen.trace_context import incoming

_MAX_TEXT = 256
_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class AccessLog:
    """See `observer.Witness`."""

    def __init__(self, writer: LineWriter, wall_clock: Callable[[], datetime]) -> None:
        """`wall_clock` gives the date of a line: when its request was over."""
        self._writer = writer
        self._wall_clock = wall_clock

    def began(self, outcome: Outcome, headers: HeaderLines) -> HeaderLines:
        """Note the trace that the request belongs to, so that a line can be found from a trace."""
        if not outcome.trace_id and (parent := incoming(headers)) is not None:
            outcome.trace_id = parent.trace_id
        return headers

    def ended(self, outcome: Outcome) -> None:
        """Write a line."""
        line = _facts(outcome, self._wall_clock())
        try:
            encoded = orjson.dumps(line, option=_OPTIONS)
        except TypeError:  # half of a surrogate pair in what a client sent
            clean = {key: _clean(value) for key, value in line.items()}
            encoded = orjson.dumps(clean, option=_OPTIONS)
        self._writer.add(encoded)

    def tick(self) -> None:
        """See `observer.Witness`."""
        self._writer.flush()

    def reopen(self) -> None:
        """See `observer.Witness`."""
        self._writer.reopen()

    def close(self) -> None:
        """See `observer.Witness`."""
        self._writer.close()


def _facts(outcome: Outcome, ended_at: datetime) -> dict[str, object]:
    return {
        "time": ended_at,
        "id": outcome.id,
        "client": outcome.client or None,
        "method": outcome.method,
        "path": outcome.path[:_MAX_TEXT],
        "model": outcome.model[:_MAX_TEXT] or None,
        "tenant": outcome.tenant or None,
        "stream": outcome.stream,
        "status": outcome.status or None,
        "outcome": outcome.ended,
        "code": outcome.code or None,
        "target": outcome.target or None,
        "target_region": outcome.target_region or None,
        "residency": None if outcome.regions is None else sorted(outcome.regions),
        "reason": outcome.reason or None,
        "matched": round(outcome.matched, 4),
        "from_peer": outcome.from_peer or None,
        "hops": outcome.hops,
        "retries": outcome.retries,
        "queued_s": round(outcome.queued_s, 6),
        "sent_s": _rounded(outcome.sent_s),
        "first_content_s": _rounded(outcome.first_content_s),
        "duration_s": round(outcome.duration_s, 6),
        "request_bytes": outcome.request_bytes,
        "response_bytes": outcome.response_bytes,
        "prompt_bytes": outcome.prompt_bytes,
        "trace_id": outcome.trace_id or None,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _clean(value: object) -> object:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
