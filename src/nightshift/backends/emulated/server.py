"""The HTTP server: routes, and what a request goes through.

The handler of a completion reads the body, submits, and sleeps until the answer is complete or the
client is gone; in that case aiohttp cancels it (`handler_cancellation`), and the request leaves the
engine. Tokens pass it by (`streams.py`).
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from aiohttp import HttpVersion11, web
from pydantic import ValidationError

from nightshift.backends.emulated import metrics
from nightshift.backends.emulated.calls import Call, ChatCall, CompletionCall
from nightshift.backends.emulated.errors import ApiError, from_validation
from nightshift.backends.emulated.live import LiveEngine
from nightshift.backends.emulated.options import EngineOptions
from nightshift.backends.emulated.replies import (
    ChatShape,
    CompletionShape,
    Envelope,
    EventFormat,
    Shape,
    whole_body,
)
from nightshift.backends.emulated.responses import Responses
from nightshift.backends.emulated.streams import StreamReceiver, WholeReceiver, chunked, unframed
from nightshift.engine.request import (
    ContextLengthExceededError,
    EngineRequest,
    RequestRefusedError,
    make_request,
)
from nightshift.engine.tokens import token_count

MAX_BODY_BYTES = 64 * 2**20

_NAME = web.RequestKey("request_id", str)

AnyCall = TypeVar("AnyCall", bound=Call)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class EngineServer:
    """The routes of one emulated engine."""

    def __init__(self, options: EngineOptions, engine: LiveEngine, *, started: int) -> None:
        self._options = options
        self._engine = engine
        self._started = started
        self._served = 0

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[openai_errors])
        app.on_response_prepare.append(self._mark)
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/v1/completions", self.completion)
        Responses(self._engine, self._options.model, read=self.read, make=self.engine_request).add_to(app)
        app.router.add_get("/v1/models", self.models)
        app.router.add_get("/health", self.health)
        app.router.add_get("/metrics", self.metrics)
        return app

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Serve `/v1/chat/completions`."""
        return await self._complete(request, ChatCall, ChatShape())

    async def completion(self, request: web.Request) -> web.StreamResponse:
        """Serve `/v1/completions`."""
        return await self._complete(request, CompletionCall, CompletionShape())

    async def models(self, _request: web.Request) -> web.Response:
        """List the one model."""
        model = {
            "id": self._options.model,
            "object": "model",
            "created": self._started,
            "owned_by": "nightshift-emulated",
            "root": self._options.model,
            "max_model_len": self._options.profile.longest_tokens,
        }
        return web.json_response({"object": "list", "data": [model]})

    async def health(self, _request: web.Request) -> web.Response:
        """Say that the server is up."""
        return web.json_response({"status": "ok", "replica": self._options.replica_id})

    async def metrics(self, _request: web.Request) -> web.Response:
        """Report in Prometheus' text format."""
        body = metrics.render(self._engine.stats(), self._options.model)
        return web.Response(text=body, headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _mark(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["x-engine-emulated"] = self._options.profile.name
        response.headers["x-request-id"] = _name(request)

    async def _complete(self, request: web.Request, kind: type[Call], shape: Shape) -> web.StreamResponse:
        call = await self.read(request, kind)
        engine_request = self.engine_request(call, call.rendered())
        envelope = Envelope(shape.id_prefix + _name(request), _now(), self._options.model)
        try:
            if call.stream:
                return await self._stream(request, engine_request, EventFormat(envelope, shape), call)
            return await self._whole(engine_request, envelope, shape)
        finally:
            self._engine.abort(engine_request.id)  # nothing to drop if it has finished

    async def read(self, request: web.Request, kind: type[AnyCall]) -> AnyCall:
        """Return the body of a request. Raises `ApiError`."""
        try:
            call = kind.model_validate_json(await request.read())
        except ValidationError as error:
            raise from_validation(error) from error
        if call.model and call.model != self._options.model:
            raise ApiError(
                404,
                f"The model `{call.model}` does not exist; this engine serves `{self._options.model}`.",
                param="model",
                code="model_not_found",
            )
        return call

    def engine_request(self, call: Call, prompt: bytes) -> EngineRequest:
        """Return what the engine has to do for a call. Raises `ApiError` if that can never be done."""
        room = self._options.profile.longest_tokens - token_count(prompt)
        self._served += 1
        request = make_request(
            f"{self._served}",
            prompt,
            max_tokens=call.asked_tokens or max(1, room),
            min_tokens=call.min_tokens or 1,
            ignore_eos=bool(call.ignore_eos),
            seed=self._options.seed,
        )
        self._check(request)
        return request

    async def _whole(self, engine_request: EngineRequest, envelope: Envelope, shape: Shape) -> web.Response:
        receiver = WholeReceiver(asyncio.get_running_loop().create_future())
        self._engine.submit(engine_request, receiver)
        cached_tokens = await receiver.done
        body = whole_body(envelope, shape, engine_request, cached_tokens)
        return web.Response(body=body, content_type="application/json")

    async def _stream(
        self, request: web.Request, engine_request: EngineRequest, events: EventFormat, call: Call
    ) -> web.StreamResponse:
        if request.transport is None:
            raise ConnectionResetError("the client is gone")
        response = web.StreamResponse(
            headers={"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        )
        http11 = request.version >= HttpVersion11
        receiver = StreamReceiver(
            engine_request,
            events,
            request.transport,
            asyncio.get_running_loop().create_future(),
            frame=chunked if http11 else unframed,
            include_usage=call.include_usage,
        )
        if http11:
            response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"")  # sends the headers, which aiohttp would keep for the first chunk
        self._engine.submit(engine_request, receiver)
        await receiver.done
        await response.write_eof()
        return response

    def _check(self, engine_request: EngineRequest) -> None:
        try:
            self._engine.check(engine_request)
        except ContextLengthExceededError as error:
            raise ApiError(400, str(error), code="context_length_exceeded") from error
        except RequestRefusedError as error:
            raise ApiError(400, str(error)) from error


@web.middleware
async def openai_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every error OpenAI's form, also those of the router."""
    try:
        return await handler(request)
    except ApiError as error:
        failure = error
    except web.HTTPException as error:
        message = f"{error.reason}: {request.method} {request.path}"
        failure = ApiError(error.status, message, code="not_found" if error.status == 404 else None)
    return web.Response(status=failure.status, body=failure.body(), content_type="application/json")


def _name(request: web.Request) -> str:
    """Return the client's name for the request, else one that we make. It goes into headers and JSON."""
    if _NAME not in request:
        given = request.headers.get("x-request-id", "")
        request[_NAME] = given if given and given.isascii() else secrets.token_hex(12)
    return request[_NAME]


def _now() -> int:
    return int(datetime.now(UTC).timestamp())
