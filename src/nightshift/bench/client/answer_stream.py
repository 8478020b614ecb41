"""Reads a streamed chat completion: server-sent events in, text and times out. No I/O.

Bytes come in pieces of any size. Only what OpenAI-compatible servers send is understood: each event one
`data:` line with a JSON object or `[DONE]`; `event: error` marks the data that follows as an error;
comments and other fields are passed over. The cost of a chunk is a split and one JSON parse.
"""

from typing import Any

import orjson


class StreamError(Exception):
    """The server reported an error inside the stream, or what it sent makes no sense."""


class AnswerStream:
    """One answer as it arrives. Times are those of the clock that the caller passes in."""

    def __init__(self) -> None:
        self.pieces = 0
        """Chunks with content, so far."""
        self.first_content_at: float | None = None
        self.finished_at: float | None = None
        """When the chunk with a finish reason came."""
        self.done_at: float | None = None
        """When `[DONE]` came."""
        self._usage: dict[str, Any] = {}
        self.gaps: list[float] = []
        """Between pieces of content that came one after another."""
        self._last_content_at = 0.0
        self._texts: list[str] = []
        self._rest = b""
        self._is_error_event = False

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._texts)

    @property
    def input_tokens(self) -> int | None:
        """Prompt tokens, if the server told."""
        return _count(self._usage, "prompt_tokens")

    @property
    def output_tokens(self) -> int:
        """Answer tokens as the server told, else the pieces of content so far."""
        told = _count(self._usage, "completion_tokens")
        return self.pieces if told is None else told

    @property
    def cached_tokens(self) -> int | None:
        """Prompt tokens that the engine had in its cache, if the server told."""
        return _count(self._usage.get("prompt_tokens_details"), "cached_tokens")

    @property
    def longest_gap(self) -> float | None:
        """The longest time between two pieces of content; None before the second."""
        return max(self.gaps, default=None)

    @property
    def mean_gap(self) -> float | None:
        """Mean time between two pieces of content; None before the second."""
        if self.first_content_at is None or self.pieces < 2:
            return None
        return (self._last_content_at - self.first_content_at) / (self.pieces - 1)

    def feed(self, data: bytes, now: float) -> None:
        """Take the next bytes, which arrived at `now`. Raises `StreamError`."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._data(line[5:].strip(), now)
            elif line.startswith(b"event:"):
                self._is_error_event = line[6:].strip() == b"error"

    def _data(self, payload: bytes, now: float) -> None:
        if payload == b"[DONE]":
            self.done_at = now
            return
        try:
            chunk = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise StreamError(f"not JSON in the stream: {payload[:80]!r}") from error
        if self._is_error_event or not isinstance(chunk, dict) or chunk.get("error"):
            raise StreamError(f"error in the stream: {error_text(chunk)}")
        try:
            self._chunk(chunk, now)
        except (AttributeError, TypeError) as error:
            raise StreamError(f"not a chat completion's chunk: {payload[:80]!r}") from error

    def _chunk(self, chunk: dict[str, Any], now: float) -> None:
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._usage = usage
        for choice in chunk.get("choices") or ():
            content = (choice.get("delta") or {}).get("content")
            if content and isinstance(content, str):
                self._content(content, now)
            if choice.get("finish_reason"):
                self.finished_at = now

    def _content(self, content: str, now: float) -> None:
        if self.first_content_at is None:
            self.first_content_at = now
        else:
            self.gaps.append(now - self._last_content_at)
        self._last_content_at = now
        self.pieces += 1
        self._texts.append(content)


def _count(counts: object, name: str) -> int | None:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) else None


def error_text(body: object) -> str:
    """Return what an error in OpenAI's format says, else the body itself; at most 200 characters."""
    error = body.get("error", body) if isinstance(body, dict) else body
    message = error.get("message", error) if isinstance(error, dict) else error
    return str(message)[:200]
