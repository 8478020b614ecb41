"""What engines answer, in OpenAI's format: texts, tool calls, JSON, errors, streams that end well and
badly.
"""

from typing import Any

import orjson
from tests.clients.scripted import Reply

TOOL_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Ōsaka"}'},
}
NO_ARGUMENTS = {"name": "weather", "arguments": ""}
DONE = b"data: [DONE]\n\n"


def _message(message: dict[str, Any], reason: str = "stop", **more: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason, **more}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    return orjson.dumps(
        {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }
    )


def _chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def _tool_delta(**function: str) -> bytes:
    return _chunk({"tool_calls": [{"index": 0, "function": function}]})


def error(status: int, message: str = "no", **headers: str) -> Reply:
    """Return an error of an engine."""
    body = {"error": {"message": message, "type": "t", "param": None, "code": "c"}}
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(status, orjson.dumps(body), headers=lines)


WORDS = [_chunk({"role": "assistant", "content": ""}), *(_chunk({"content": w}) for w in ("one ", "two "))]
LOGPROBS = {"content": [{"token": "hi", "logprob": -0.25, "bytes": [104, 105], "top_logprobs": []}]}
REPLIES: dict[str, Reply] = {
    "text": Reply(body=_message({"content": "one two three"})),
    "stream": Reply(pieces=[*WORDS, _chunk({"content": "three"}), _chunk({}, "stop"), DONE]),
    "tools": Reply(body=_message({"content": None, "tool_calls": [TOOL_CALL]}, "tool_calls")),
    "tools_stream": Reply(
        pieces=[
            _chunk({"role": "assistant", "content": None}),
            _chunk({"tool_calls": [{"index": 0, **TOOL_CALL, "function": NO_ARGUMENTS}]}),
            _tool_delta(arguments='{"city":'),
            _tool_delta(arguments='"Ōsaka"}'),
            _chunk({}, "tool_calls"),
            DONE,
        ]
    ),
    "json": Reply(body=_message({"content": '{"city": "Ōsaka", "degrees": 21}'})),
    "logprobs": Reply(body=_message({"content": "hi"}, logprobs=LOGPROBS)),
    "cut_stream": Reply(pieces=WORDS, then="cut"),
    "cut": Reply(body=_message({"content": "one"}), then="cut"),
    "cut_large": Reply(body=_message({"content": "one " * 50_000}), then="cut"),
    "hang": Reply(pieces=WORDS, then="hang"),
    "silence": Reply(then="silence"),
    **{f"error_{status}": error(status) for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503)},
}  # fmt: skip
