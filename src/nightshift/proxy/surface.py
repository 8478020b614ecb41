"""The part of the engines' APIs that is served, and what placement may read of each request.

A list and not a pattern: under the same prefixes engines have endpoints for their operators (vLLM loads
adapters at `/v1/load_lora_adapter`), which are nobody's business on a public address. What placement needs
is the model, and, where engines cache prefixes, the prompt. The body itself goes on untouched.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import orjson

from nightshift.balancing.messages import PromptKey, StoredResponse
from nightshift.balancing.prompt import CHAT_PATH, COMPLETIONS_PATH, RESPONSES_PATH, PromptError, prompt_key
from nightshift.proxy.errors import ApiError
from nightshift.proxy.form import form_field
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.routes import unknown_path, wrong_method


class Asked:
    """What a request is for. `model` is empty where it names none."""

    __slots__ = ("background", "chooses_id", "model", "prompt", "route", "stored", "stores", "stream")

    def __init__(
        self,
        model: str,
        prompt: PromptKey,
        stream: bool = False,
        *,
        route: str = "",
        stored: StoredResponse | None = None,
    ) -> None:
        self.model = model
        self.prompt = prompt
        self.stream = stream
        self.route = route
        """What stands for the path where that has an id in it."""
        self.stored = stored
        """The stored response that it names."""
        self.stores = False
        """Whether the engine may store the answer."""
        self.background = False
        """Whether the answer may come before the engine has done the work."""
        self.chooses_id = False
        """Whether the client says under which id (`request_id` in vLLM and SGLang)."""


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

STORED_PREFIX: Final = f"{RESPONSES_PATH}/"
STORED_METHODS: Final = ("GET", "DELETE", "POST")
_OF_STORED: Final = {"": ("GET", "DELETE"), "/input_items": ("GET",), "/cancel": ("POST",)}
"""By what stands behind the id: OpenAI's whole list. Engines have some of it."""
_NO_PROMPT: Final = PromptKey.of("", b"")


def with_prompt(seed: int, request: HttpRequest) -> Asked:
    """Read the model and the prompt, of which only digests remain. Raises `ApiError`."""
    return _with_prompt(seed, request)[0]


def with_response(seed: int, request: HttpRequest) -> Asked:
    """The same of a request for a response that may be stored, or continue a stored one."""
    asked, body = _with_prompt(seed, request)
    previous = body.get("previous_response_id")
    if isinstance(previous, str) and previous:
        asked.stored = StoredResponse(previous, generates=True)
    asked.stores = body.get("store") is not False  # what is left out means true, in OpenAI's API and engines'
    asked.background = body.get("background") is True
    asked.chooses_id = body.get("request_id") is not None
    return asked


def of_stored(request: HttpRequest) -> Asked:
    """Read which stored response is asked for; a body does not matter. Raises `ApiError`."""
    id_, slash, rest = request.path.removeprefix(STORED_PREFIX).partition("/")
    methods = _OF_STORED.get(slash + rest)
    if methods is None or not id_:
        raise unknown_path(request.path)
    if request.method not in methods:
        raise wrong_method(request.method, request.path, methods)
    streams = b"stream=true" in request.target.partition(b"?")[2].split(b"&")
    route = STORED_PREFIX + "{response_id}" + slash + rest
    stored = StoredResponse(id_, generates=False)
    return Asked("", _NO_PROMPT, _streams(request, streams), route=route, stored=stored)


def _with_prompt(seed: int, request: HttpRequest) -> tuple[Asked, dict[str, object]]:
    body = json_body(request)
    try:
        key = prompt_key(request.path, body, seed)
    except PromptError as error:
        raise ApiError(400, "invalid_value", str(error), param=error.param) from error
    assert isinstance(body, dict), "a body with a prompt is an object"  # noqa: S101 - for the type
    return Asked(_model_in(body), key, _streams(request, body.get("stream"))), body


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
        **dict.fromkeys((CHAT_PATH, COMPLETIONS_PATH), partial(with_prompt, seed)),
        RESPONSES_PATH: partial(with_response, seed),
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
