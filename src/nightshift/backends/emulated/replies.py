"""Responses: JSON bodies, and the events of a stream.

A stream sends one event per token and these are most of what the server does. Tokens are ASCII letters,
a space or a full stop, which JSON need not escape, so an event is three pieces of bytes put together.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from nightshift.engine.request import EngineRequest

DONE = b"data: [DONE]\n\n"
_MARK = "\x00"  # stands for the token while an event is cut into head and tail


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all parts of one response repeat. `created` is in seconds since 1970."""

    id: str
    created: int
    model: str


class Shape(Protocol):
    """How an endpoint words its answer."""

    object: str
    chunk_object: str
    id_prefix: str

    def opening(self) -> list[dict[str, Any]]:
        """Return the choices of the event that comes before the first token, if there is one."""

    def piece(self, text: str | None, reason: str | None) -> dict[str, Any]:
        """Return the choice of a streamed event."""

    def whole(self, text: str, reason: str) -> dict[str, Any]:
        """Return the choice of a response in one piece."""


class ChatShape:
    """`/v1/chat/completions`."""

    object = "chat.completion"
    chunk_object = "chat.completion.chunk"
    id_prefix = "chatcmpl-"

    def opening(self) -> list[dict[str, Any]]:
        """Say the role, without content, as engines do."""
        delta = {"role": "assistant", "content": ""}
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]

    def piece(self, text: str | None, reason: str | None) -> dict[str, Any]:
        """See `Shape`."""
        delta = {} if text is None else {"content": text}
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}

    def whole(self, text: str, reason: str) -> dict[str, Any]:
        """See `Shape`."""
        message = {"role": "assistant", "content": text}
        return {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}


class CompletionShape:
    """`/v1/completions`."""

    object = "text_completion"
    chunk_object = "text_completion"
    id_prefix = "cmpl-"

    def opening(self) -> list[dict[str, Any]]:
        """There is none."""
        return []

    def piece(self, text: str | None, reason: str | None) -> dict[str, Any]:
        """See `Shape`."""
        return {"index": 0, "text": text or "", "logprobs": None, "finish_reason": reason}

    def whole(self, text: str, reason: str) -> dict[str, Any]:
        """See `Shape`."""
        return self.piece(text, reason)


def usage(request: EngineRequest, cached_tokens: int) -> dict[str, Any]:
    """Return the token counts of a finished request."""
    return {
        "prompt_tokens": request.prompt_tokens,
        "completion_tokens": request.answer_tokens,
        "total_tokens": request.prompt_tokens + request.answer_tokens,
        "prompt_tokens_details": {"cached_tokens": cached_tokens},
    }


def whole_body(envelope: Envelope, shape: Shape, request: EngineRequest, cached_tokens: int) -> bytes:
    """Return the response in one piece."""
    return orjson.dumps(
        {
            "id": envelope.id,
            "object": shape.object,
            "created": envelope.created,
            "model": envelope.model,
            "choices": [shape.whole(request.answer.decode(), request.finish_reason)],
            "usage": usage(request, cached_tokens),
        }
    )


class EventFormat:
    """The events of one stream."""

    def __init__(self, envelope: Envelope, shape: Shape) -> None:
        self._envelope = envelope
        self._shape = shape
        head, tail = self._event([shape.piece(_MARK, None)]).split(b"\\u0000")
        self.token_head, self.token_tail = head, tail

    def opening(self) -> bytes:
        """Return what comes before the first token."""
        choices = self._shape.opening()
        return self._event(choices) if choices else b""

    def closing(self, reason: str, counts: dict[str, Any] | None) -> bytes:
        """Return each event after the last token; one reports usage if `counts` are given."""
        events = [self._event([self._shape.piece(None, reason)])]
        if counts is not None:
            events.append(self._event([], usage=counts))
        return b"".join([*events, DONE])

    def _event(self, choices: list[dict[str, Any]], **more: object) -> bytes:
        envelope = self._envelope
        body = {
            "id": envelope.id,
            "object": self._shape.chunk_object,
            "created": envelope.created,
            "model": envelope.model,
            "choices": choices,
            **more,
        }
        return b"data: " + orjson.dumps(body) + b"\n\n"
