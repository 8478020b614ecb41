"""The Responses API of the emulated engine, which keeps what it has answered.

As SGLang does, and vLLM with `VLLM_ENABLE_RESPONSES_API_STORE=1`: an answer is stored unless `store` is
false, in the memory of this engine alone, under an id `resp_` and 32 hexadecimal digits; a request that names
one goes on from its messages; one that is not here is a 404 in their words; only what runs in the background
can be cancelled. Unlike those, it forgets the oldest when there are too many. Neither of them has DELETE and
`input_items`; here they are as OpenAI describes them.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final, Protocol

from aiohttp import HttpVersion11, web

from nightshift.backends.emulated.calls import Call, ResponseCall
from nightshift.backends.emulated.errors import ApiError
from nightshift.backends.emulated.live import LiveEngine
from nightshift.backends.emulated.response_events import Answering, ResponseReceiver
from nightshift.backends.emulated.streams import WholeReceiver, chunked, unframed
from nightshift.engine.chat import render_chat
from nightshift.engine.request import EngineRequest

MOST_STORED: Final = 10_000
PATH: Final = "/v1/responses"


class Reads(Protocol):
    """Reads the body of a request."""

    async def __call__(self, request: web.Request, kind: type[ResponseCall], /) -> ResponseCall:
        """Raises `ApiError`."""


class Responses:
    """See the head of the file."""

    def __init__(
        self,
        engine: LiveEngine,
        model: str,
        *,
        read: Reads,
        make: Callable[[Call, bytes], EngineRequest],
    ) -> None:
        """`make` returns what the engine has to do for a call and its prompt."""
        self._engine = engine
        self._model = model
        self._read = read
        self._make = make
        self._stored: OrderedDict[str, Answering] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        one = PATH + "/{id}"
        app.router.add_post(PATH, self.create)
        app.router.add_get(one, self.retrieve)
        app.router.add_delete(one, self.delete)
        app.router.add_get(f"{one}/input_items", self.input_items)
        app.router.add_post(f"{one}/cancel", self.cancel)
        app.on_shutdown.append(self._stop)

    # The routes

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Answer, and keep the answer."""
        call = await self._read(request, ResponseCall)
        answering = self._begin(call)
        if call.background:
            return self._in_background(answering)
        try:
            response = await (self._stream(request, answering) if call.stream else self._whole(answering))
        finally:
            self._engine.abort(answering.request.id)  # nothing to drop if it has finished
        if call.store is not False:
            self._store(answering)
        return response

    async def retrieve(self, request: web.Request) -> web.Response:
        """Return a response as it stands."""
        return web.json_response(self._find(request.match_info["id"]).body())

    async def delete(self, request: web.Request) -> web.Response:
        """Forget a response, and stop working at it."""
        answering = self._find(request.match_info["id"])
        self._cancel(answering.id)
        del self._stored[answering.id]
        return web.json_response({"id": answering.id, "object": "response", "deleted": True})

    async def input_items(self, request: web.Request) -> web.Response:
        """List what the request of a response has brought."""
        answering = self._find(request.match_info["id"])
        items = [
            {
                "id": f"msg_{number}",
                "type": "message",
                "role": role,
                "content": [{"type": "input_text", "text": text}],
            }
            for number, (role, text) in enumerate(answering.call.messages)
        ]
        ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"], "has_more": False}
        return web.json_response({"object": "list", "data": items, **ends})

    async def cancel(self, request: web.Request) -> web.Response:
        """Stop a response that runs in the background."""
        answering = self._find(request.match_info["id"])
        if answering.status not in ("queued", "in_progress"):
            raise ApiError(400, "Cannot cancel a synchronous response.", param="response_id")
        answering.status = "cancelled"
        self._cancel(answering.id)
        return web.json_response(answering.body())

    # How they work

    def _begin(self, call: ResponseCall) -> Answering:
        if call.background and (call.stream or call.store is False):
            raise ApiError(
                400, "background needs `store`, and is not emulated for streams", param="background"
            )
        before: list[tuple[str, str]] = []
        if call.previous_response_id is not None:
            previous = self._find(call.previous_response_id)
            said = [("assistant", previous.request.answer.decode())] if previous.is_over else []
            before = [*previous.messages, *said]
        system = [] if call.instructions is None else [("system", call.instructions)]
        messages = [*before, *call.messages]
        engine_request = self._make(call, render_chat([*system, *messages]))
        id_ = call.request_id or f"resp_{secrets.token_hex(16)}"
        created = int(datetime.now(UTC).timestamp())
        return Answering(id_, created, self._model, call, engine_request, messages)

    async def _whole(self, answering: Answering) -> web.Response:
        receiver = WholeReceiver(asyncio.get_running_loop().create_future())
        self._engine.submit(answering.request, receiver)
        answering.finish(await receiver.done)
        return web.json_response(answering.body())

    async def _stream(self, request: web.Request, answering: Answering) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client is gone")
        response = web.StreamResponse(
            headers={"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        )
        http11 = request.version >= HttpVersion11
        if http11:
            response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"")  # sends the headers, which aiohttp would keep for the first chunk
        done = asyncio.get_running_loop().create_future()
        receiver = ResponseReceiver(answering, transport, done, frame=chunked if http11 else unframed)
        receiver.begin()
        self._engine.submit(answering.request, receiver)
        await receiver.done
        await response.write_eof()
        return response

    def _in_background(self, answering: Answering) -> web.Response:
        answering.status = "queued"
        self._store(answering)
        task = asyncio.get_running_loop().create_task(self._run(answering))
        self._tasks[answering.id] = task
        task.add_done_callback(partial(self._ended, answering.id))
        return web.json_response(answering.body())

    async def _run(self, answering: Answering) -> None:
        receiver = WholeReceiver(asyncio.get_running_loop().create_future())
        answering.status = "in_progress"
        try:
            self._engine.submit(answering.request, receiver)
            answering.finish(await receiver.done)
        finally:
            self._engine.abort(answering.request.id)

    def _ended(self, id_: str, task: "asyncio.Task[None]") -> None:
        if self._tasks.get(id_) is task:
            del self._tasks[id_]

    def _store(self, answering: Answering) -> None:
        self._stored[answering.id] = answering
        while len(self._stored) > MOST_STORED:
            self._cancel(self._stored.popitem(last=False)[0])

    def _find(self, id_: str) -> Answering:
        answering = self._stored.get(id_)
        if answering is None:
            raise ApiError(404, f"Response with id '{id_}' not found.", param="response_id")
        return answering

    def _cancel(self, id_: str) -> None:
        if task := self._tasks.get(id_):
            task.cancel()

    async def _stop(self, _app: web.Application) -> None:
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
