"""From a request on the wire to a request that the balancer can place.

Nothing is refused that an engine could answer: only what cannot be read at all. The body that goes on is the
client's, byte for byte.
"""

from collections.abc import Iterator

import orjson

from nightshift.balancing.messages import PromptKey, Request
from nightshift.balancing.prompt import CHAT_PATH, COMPLETIONS_PATH, PromptError, prompt_key
from nightshift.proxy.answer import Answer
from nightshift.proxy.client import Client, InProgress
from nightshift.proxy.decision import HASH_KEY, Identity
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.errors import ApiError
from nightshift.proxy.exchange import Exchange
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.tokens import PeerTokens

_WITH_PROMPT = (CHAT_PATH, COMPLETIONS_PATH)
_NO_PROMPT = PromptKey.of("", b"")


class Placing:
    """Makes an exchange of each request and gives it to the dispatcher."""

    def __init__(
        self, dispatcher: Dispatcher, identity: Identity, tokens: PeerTokens, ids: Iterator[int]
    ) -> None:
        self._dispatcher = dispatcher
        self._identity = identity.lines()
        self._name = identity.name
        self._tokens = tokens
        self._ids = ids

    def serve(self, request: HttpRequest, answer: Answer, client: Client) -> InProgress | None:
        """Begin to answer; None if that is done already. Raises `ApiError`."""
        hash_key = request.fields.get(HASH_KEY)
        placeable = Request(
            id=f"{self._name}-{next(self._ids)}",
            prompt=_prompt(request),
            hash_key=None if hash_key is None else hash_key.decode("latin-1"),
            from_peer=self._tokens.peer_of(request),
        )
        exchange = Exchange(
            placeable.id, request, answer, client, placement=self._dispatcher, identity=self._identity
        )
        self._dispatcher.arrived(exchange, placeable)
        return None if exchange.over else exchange


def _prompt(request: HttpRequest) -> PromptKey:
    if request.path not in _WITH_PROMPT:
        return _NO_PROMPT
    body = json_body(request)
    try:
        key = prompt_key(request.path, body)
    except PromptError as error:
        raise ApiError(400, "invalid_value", str(error), param=error.param) from error
    if isinstance(body, dict):
        _check_stream(request, body.get("stream"))
    return key


def _check_stream(request: HttpRequest, stream: object) -> None:
    if stream is not None and not isinstance(stream, bool):
        raise ApiError(400, "invalid_value", "stream must be true, false or null", param="stream")
    if stream and not request.http11:
        message = (
            "a stream needs HTTP/1.1: in HTTP/1.0 one that was cut off looks complete "
            "(behind nginx: proxy_http_version 1.1)"
        )
        raise ApiError(400, "http_version", message, param="stream")


def json_body(request: HttpRequest) -> object:
    """Return the request's body, parsed. Raises `ApiError`."""
    if not request.body:
        raise ApiError(400, "invalid_json", "the body is empty; a JSON object belongs there")
    try:
        parsed: object = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"the body is not JSON: {error}") from error
    return parsed
