"""The body of a response, and the events by which it is streamed: OpenAI's, in vLLM's order."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson

from nightshift.backends.emulated.calls import ResponseCall
from nightshift.backends.emulated.streams import Frame
from nightshift.engine.engine import Token
from nightshift.engine.request import EngineRequest
from nightshift.engine.tokens import BYTES_PER_TOKEN


@dataclass(slots=True)
class Answering:
    """One response on its way, or done; `created` is in seconds since 1970."""

    id: str
    created: int
    model: str
    call: ResponseCall
    request: EngineRequest
    messages: list[tuple[str, str]]
    """The whole conversation up to this answer."""
    status: str = "in_progress"
    cached_tokens: int = 0
    output: list[dict[str, Any]] = field(default_factory=list)

    def finish(self, cached_tokens: int) -> None:
        """The answer is whole."""
        self.status = "completed" if self.request.finish_reason == "stop" else "incomplete"
        self.cached_tokens = cached_tokens
        self.output = [self.message("completed", [self.part(self.request.answer.decode())])]

    @property
    def is_over(self) -> bool:
        """Whether its tokens are all there."""
        return self.status in ("completed", "incomplete")

    def message(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the one item of the output."""
        item = {"id": f"msg_{self.id.removeprefix('resp_')}", "type": "message", "role": "assistant"}
        return {**item, "status": status, "content": content}

    @staticmethod
    def part(text: str) -> dict[str, Any]:
        """Return the one part of that item."""
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def body(self) -> dict[str, Any]:
        """Return the response as it stands."""
        call = self.call
        short = {"reason": "max_output_tokens"} if self.status == "incomplete" else None
        return {
            "id": self.id,
            "created_at": self.created,
            "error": None,
            "incomplete_details": short,
            "instructions": call.instructions,
            "metadata": call.metadata,
            "model": self.model,
            "object": "response",
            "output": self.output,
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "background": bool(call.background),
            "max_output_tokens": call.asked_tokens,
            "previous_response_id": call.previous_response_id,
            "status": self.status,
            "usage": self._usage() if self.is_over else None,
        }

    def _usage(self) -> dict[str, Any]:
        request = self.request
        return {
            "input_tokens": request.prompt_tokens,
            "input_tokens_details": {"cached_tokens": self.cached_tokens},
            "output_tokens": request.answer_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": request.prompt_tokens + request.answer_tokens,
        }


class ResponseReceiver:
    """Writes the events of one response to the client as its tokens come (`live.Receiver`)."""

    def __init__(
        self,
        answering: Answering,
        transport: asyncio.WriteTransport,
        done: asyncio.Future[int],
        *,
        frame: Frame,
    ) -> None:
        """The result of `done` is the number of cached tokens."""
        self.done = done
        self._answering = answering
        self._transport = transport
        self._frame = frame
        self._next = 0
        item = str(answering.message("", [])["id"])
        self._item: dict[str, Any] = {"item_id": item, "output_index": 0, "content_index": 0}

    def begin(self) -> None:
        """Announce the response, as engines do when they have accepted a request."""
        body = self._answering.body()
        self._write(self._event("response.created", response=body))
        self._write(self._event("response.in_progress", response=body))

    def receive(self, token: Token) -> None:
        """See `live.Receiver`."""
        end = token.position * BYTES_PER_TOKEN
        text = self._answering.request.answer[end - BYTES_PER_TOKEN : end].decode()
        if token.position == 1:
            self._write(self._opening())
        self._write(self._event("response.output_text.delta", **self._item, delta=text, logprobs=[]))
        if token.finished:
            self._answering.finish(token.cached_tokens)
            self._write(self._closing())
            if not self.done.done():
                self.done.set_result(token.cached_tokens)

    def _opening(self) -> bytes:
        answering = self._answering
        item = answering.message("in_progress", [])
        return self._event("response.output_item.added", output_index=0, item=item) + self._event(
            "response.content_part.added", **self._item, part=answering.part("")
        )

    def _closing(self) -> bytes:
        (item,) = self._answering.output
        (part,) = item["content"]
        last = "response.completed" if self._answering.status == "completed" else "response.incomplete"
        events = (
            self._event("response.output_text.done", **self._item, text=part["text"], logprobs=[]),
            self._event("response.content_part.done", **self._item, part=part),
            self._event("response.output_item.done", output_index=0, item=item),
            self._event(last, response=self._answering.body()),
        )
        return b"".join(events)

    def _event(self, kind: str, **fields: object) -> bytes:
        body = orjson.dumps({**fields, "sequence_number": self._next, "type": kind})
        self._next += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), body)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._frame(data))
