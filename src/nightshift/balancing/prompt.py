"""The text of a prompt as the engine will see it, taken from the body of a request, and the key made of it.

Two requests share a prefix in an engine's cache when the text that the engine renders begins alike. So the
key holds contents in the order in which chat templates put them, and nothing that every request shares
anyway: no JSON punctuation, no names of keys. The role of a message is one byte, a control character, so
that the same words from another speaker do not match. Tool definitions come first, because templates render
them into the system part. Images and audio stand for themselves by URL, or by the hash of inline data.

The text is gone when the key is made: a key has digests only (see `blocks`).

Only what placement needs is checked here; the engine judges the rest. A body that the engine could not
render either is refused with `PromptError`. Time and memory are linear in the length of the prompt.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Final

import orjson
import xxhash

from nightshift.balancing.messages import PromptKey
from nightshift.errors import NightshiftError

CHAT_PATH: Final = "/v1/chat/completions"
COMPLETIONS_PATH: Final = "/v1/completions"
RESPONSES_PATH: Final = "/v1/responses"

_ROLES: Final = {
    "system": "\x01",
    "developer": "\x01",
    "user": "\x02",
    "assistant": "\x03",
    "tool": "\x04",
    "function": "\x04",
}
_OTHER_ROLE: Final = "\x05"
_TOOL: Final = "\x06"
_CALL: Final = "\x0e"
_MEDIA: Final = "\x0f"
_SALT: Final = "\x10"
_NEXT_PROMPT: Final = "\x11"

_JSON_NAMES = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


class PromptError(NightshiftError):
    """A body that no engine could render. `param` names the field, in OpenAI's spelling; None: all of it."""

    def __init__(self, param: str | None, allowed: str, found: object) -> None:
        self.param = param
        super().__init__(f"{param or 'the request body'} must be {allowed}, not {_describe(found)}")


def prompt_key(path: str, body: object, seed: int = 0) -> PromptKey:
    """Return the key of the request with this path and parsed JSON body.

    Paths other than those below have a key of an empty text, which matches nothing.
    `seed` goes into the digests: without it, who sees them can test a guess of what the prompt says.
    Raises `PromptError` with a message fit for the client.
    """
    if not isinstance(body, dict):
        raise PromptError(None, "a JSON object", body)
    return PromptKey.of(_namespace(body), rendered(path, body), seed)


def rendered(path: str, body: dict[str, object]) -> bytes:
    """Return the prompt as the engine will see it. Not to be kept: prompts are secret."""
    render = _RENDERERS.get(path)
    return b"" if render is None else render(body)


def _namespace(body: dict[str, object]) -> str:
    """Engines cache each model and each adapter apart. In vLLM an adapter is named as the model itself."""
    model = body.get("model", "")
    if not isinstance(model, str):
        raise PromptError("model", "a string", model)
    adapter = body.get("lora_path")  # SGLang's field
    return f"{model}\0{adapter}" if isinstance(adapter, str) else model


def _chat(body: dict[str, object]) -> bytes:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise PromptError("messages", "a non-empty array of messages", messages)
    parts = _salt(body)
    _add_tools(parts, body.get("tools"))
    for index, message in enumerate(messages):
        _add_message(parts, "messages", index, message)
    return _encode(parts)


def _response(body: dict[str, object]) -> bytes:
    """The Responses API: instructions, and a text or items. What is stored elsewhere is not seen."""
    given = body.get("input")
    if not isinstance(given, str | list):
        raise PromptError("input", "a string or an array of items", given)
    parts = _salt(body)
    _add_tools(parts, [tool for tool in _listed(body.get("tools")) if isinstance(tool, dict)])
    instructions = body.get("instructions")
    if isinstance(instructions, str):
        parts += (_ROLES["system"], instructions)
    if isinstance(given, str):
        parts += (_ROLES["user"], given)
    for index, item in enumerate(_listed(given)):
        if isinstance(item, dict) and "role" in item:
            _add_message(parts, "input", index, item)
        else:  # a call, its output, a reference: kinds grow in number, and the engine knows them
            parts += (_CALL, orjson.dumps(item).decode())
    return _encode(parts)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _salt(body: dict[str, object]) -> list[str]:
    """Requests with another `cache_salt` share nothing in vLLM's cache: the salt begins the text."""
    salt = body.get("cache_salt")
    return [_SALT, salt, _SALT] if isinstance(salt, str) else []


def _add_tools(parts: list[str], tools: object) -> None:
    if tools is None:
        return
    if not isinstance(tools, list):
        raise PromptError("tools", "an array", tools)
    for index, tool in enumerate(tools):
        function = tool.get("function", tool) if isinstance(tool, dict) else None
        if not isinstance(function, dict):
            raise PromptError(f"tools[{index}]", "an object with a `function`", tool)
        parts += (_TOOL, str(function.get("name", "")), str(function.get("description", "")))
        parts.append(orjson.dumps(function.get("parameters")).decode())


def _add_message(parts: list[str], field: str, index: int, message: object) -> None:
    """Add a message, the one at `index` of the array `field`."""
    if not isinstance(message, dict):
        raise PromptError(f"{field}[{index}]", "an object", message)
    role = message.get("role")
    if not isinstance(role, str):
        raise PromptError(f"{field}[{index}].role", "a string", role)
    parts.append(_ROLES.get(role) or f"{_OTHER_ROLE}{role}{_OTHER_ROLE}")
    content = message.get("content")
    if isinstance(content, str):
        parts.append(content)
    elif isinstance(content, list):
        for number, part in enumerate(content):
            _add_part(parts, f"{field}[{index}].content[{number}]", part)
    elif content is not None:
        raise PromptError(f"{field}[{index}].content", "a string, an array of parts or null", content)
    if calls := message.get("tool_calls"):
        _add_calls(parts, f"{field}[{index}].tool_calls", calls)


def _add_part(parts: list[str], where: str, part: object) -> None:
    if not isinstance(part, dict):
        raise PromptError(where, "an object", part)
    text = part.get("text")
    if isinstance(text, str):
        parts.append(text)
    elif part.get("type") == "text":
        raise PromptError(f"{where}.text", "a string", text)
    else:
        parts += (_MEDIA, _media(part))


def _media(part: dict[str, object]) -> str:
    """Name a picture or a sound in a few bytes: its URL, or the hash of what is inline."""
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    if isinstance(url, str) and not url.startswith("data:"):
        return url
    return xxhash.xxh3_128_hexdigest(orjson.dumps(part, option=orjson.OPT_SORT_KEYS))


def _add_calls(parts: list[str], where: str, calls: object) -> None:
    if not isinstance(calls, list):
        raise PromptError(where, "an array", calls)
    for index, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise PromptError(f"{where}[{index}]", "an object with a `function`", call)
        parts += (_CALL, str(function.get("name", "")), str(function.get("arguments", "")))


def _completion(body: dict[str, object]) -> bytes:
    prompt = body.get("prompt")
    if prompt is None and "prompt_embeds" in body:
        return b""
    head = _encode(_salt(body))
    if isinstance(prompt, str):
        return head + prompt.encode("utf-8", "surrogatepass")
    if isinstance(prompt, list) and prompt:
        return head + _several(prompt)
    raise PromptError("prompt", "a string, or a non-empty array of strings or of token ids", prompt)


def _several(prompt: Sequence[object]) -> bytes:
    """Render an array: token ids, or several prompts one after another."""
    if isinstance(prompt[0], int):
        return _pack("prompt", prompt)
    rendered = []
    for index, item in enumerate(prompt):
        if isinstance(item, str):
            rendered.append(item.encode("utf-8", "surrogatepass"))
        elif isinstance(item, list):
            rendered.append(_pack(f"prompt[{index}]", item))
        else:
            raise PromptError(f"prompt[{index}]", "a string or an array of token ids", item)
    return _NEXT_PROMPT.encode().join(rendered)


def _pack(where: str, tokens: Sequence[object]) -> bytes:
    """Four bytes for each token id: equal prefixes of tokens are equal prefixes of bytes."""
    try:
        return struct.pack(f"<{len(tokens)}I", *tokens)
    except struct.error:
        wrong = next((t for t in tokens if not isinstance(t, int) or not 0 <= t < 2**32), None)
        raise PromptError(where, "an array of token ids (whole numbers from 0)", wrong) from None


def _encode(parts: Sequence[str]) -> bytes:
    return "".join(parts).encode("utf-8", "surrogatepass")


def _describe(found: object) -> str:
    """Say what was found, without repeating what may be long or private."""
    if found == [] and isinstance(found, list):
        return "an empty array"
    name = _JSON_NAMES.get(type(found), type(found).__name__)
    return f"{name} ({found})" if isinstance(found, int | float) and not isinstance(found, bool) else name


_RENDERERS: Final[dict[str, Callable[[dict[str, object]], bytes]]] = {
    CHAT_PATH: _chat,
    COMPLETIONS_PATH: _completion,
    RESPONSES_PATH: _response,
}
