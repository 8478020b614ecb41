"""The part of the engines' APIs that is served, and what placement may read of each request.

A list and not a pattern: under the same prefixes engines have endpoints for their operators (vLLM loads
adapters at `/v1/load_lora_adapter`), which are nobody's business on a public address. What placement needs
is the model, and, where engines cache prefixes, the prompt. The body itself goes on untouched.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import orjson

from nightshift.balancing.messages import PromptKey
from nightshift.balancing.prompt import CHAT_PATH, COMPLETIONS_PATH, RESPONSES_PATH, PromptError, prompt_key
from nightshift.proxy.errors import ApiError
from nightshift.proxy.form import form_field
from nightshift.proxy.request import HttpRequest


class Asked:
    """What a request is for. `model` is empty where it names none."""

    __slots__ = ("model", "prompt", "stream")

    def __init__(self, model: str, prompt: PromptKey, stream: bool = False) -> None:
        self.model = model
        self.prompt = prompt
        self.stream = stream


Reader = Callable[[HttpRequest], Asked]

_WITH_MODEL = (
    "/v1/messages",
    "/v1/embeddings",
    "/v1/moderations",
    "/v1/images/generations",
    "/v1/audio/speech",
    *("/v1/rerank", "/v2/rerank", "/rerank", "/v1/score", "/score"),
    *("/v1/classify", "/classify", "/pooling"),
    *("/v1/tokenize", "/tokenize", "/v1/detokenize", "/detokenize"),
)
_WITH_FORM = ("/v1/audio/transcriptions", "/v1/audio/translations", "/v1/images/edits")

_NO_PROMPT: Final = PromptKey.of("", b"")


def with_prompt(seed: int, request: HttpRequest) -> Asked:
    """Read the model and the prompt, of which only digests remain. Raises `ApiError`."""
    body = json_body(request)
    try:
        key = prompt_key(request.path, body, seed)
    except PromptError as error:
        raise ApiError(400, "invalid_value", str(error), param=error.param) from error
    assert isinstance(body, dict), "a body with a prompt is an object"  # noqa: S101 - for the type
    return Asked(_model_in(body), key, _streams(request, body.get("stream")))


def with_model(request: HttpRequest) -> Asked:
    """Read the model from JSON. Raises `ApiError`."""
    body = json_body(request)
    if not isinstance(body, dict):
        raise ApiError(400, "invalid_value", "the request body must be a JSON object")
    return Asked(_model_in(body), _NO_PROMPT, _streams(request, body.get("stream")))


def with_form(request: HttpRequest) -> Asked:
    """Read the model from a form with files (multipart/form-data), whose other parts may be large."""
    content_type = request.fields.get(b"content-type", b"")
    if not content_type.lower().startswith(b"multipart/form-data"):
        return with_model(request)
    model = form_field(content_type, request.body, b"model") or b""
    return Asked(model.decode(errors="replace"), _NO_PROMPT)


def api(seed: int) -> Mapping[str, Reader]:
    """Return the paths to POST to, with who reads the request. `seed` is for the digests of prompts."""
    return {
        **dict.fromkeys((CHAT_PATH, COMPLETIONS_PATH, RESPONSES_PATH), partial(with_prompt, seed)),
        **dict.fromkeys(_WITH_MODEL, with_model),
        **dict.fromkeys(_WITH_FORM, with_form),
    }


def json_body(request: HttpRequest) -> object:
    """Return the request's body, parsed. Raises `ApiError`."""
    if not request.body:
        raise ApiError(400, "invalid_json", "the body is empty; a JSON object belongs there")
    try:
        parsed: object = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"the body is not JSON: {error}") from error
    return parsed


def _model_in(body: dict[str, object]) -> str:
    model = body.get("model")
    if model is None:
        return ""
    if not isinstance(model, str):
        raise ApiError(400, "invalid_value", "model must be a string", param="model")
    return model


def _streams(request: HttpRequest, stream: object) -> bool:
    if stream is not None and not isinstance(stream, bool):
        raise ApiError(400, "invalid_value", "stream must be true, false or null", param="stream")
    if stream and not request.http11:
        message = (
            "a stream needs HTTP/1.1: in HTTP/1.0 one that was cut off looks complete "
            "(behind nginx: proxy_http_version 1.1)"
        )
        raise ApiError(400, "http_version", message, param="stream")
    return bool(stream)
