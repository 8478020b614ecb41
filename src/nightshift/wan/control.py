"""The relay's control API: HTTP and JSON, loopback only, no authentication.

GET /links; POST /links {"name", "from", "to", "target", "listen"}; DELETE /links/NAME; POST /cut {"a", "b",
"kind": "hold" | "reset", "one_way"}; POST /heal {"a", "b", "one_way"}, or {} for everything.
A POST must be of type application/json, which a web page of another origin cannot send without asking first.
Errors: 400 {"error": {"message"}}.
"""

import ipaddress
import socket
from typing import Annotated, Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nightshift.errors import UserError
from nightshift.processes import address_of
from nightshift.wan.cuts import Kind
from nightshift.wan.relay import Relay
from nightshift.wan.spec import LinkSpec, split_address

_Region = Annotated[str, Field(min_length=1)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Cut(_Body):
    a: _Region
    b: _Region
    kind: Kind = "hold"
    one_way: bool = False


class _Heal(_Body):
    a: _Region
    b: _Region
    one_way: bool = False


class _NewLink(_Body):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    from_region: _Region = Field(alias="from")
    to: _Region
    target: str
    listen: str = "127.0.0.1:0"


class Control:
    """Serves the control API of `relay` on `sock`."""

    def __init__(self, relay: Relay, sock: socket.socket) -> None:
        _must_be_loopback(sock.getsockname()[0], "control")
        self._relay = relay
        self._sock = sock
        self.address = address_of(sock)
        app = web.Application(middlewares=[_errors_as_json])
        app.add_routes(
            [
                web.get("/links", self._links),
                web.post("/links", self._add),
                web.delete("/links/{name:.+}", self._remove),
                web.post("/cut", self._cut),
                web.post("/heal", self._heal),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def serve(self) -> None:
        """Answer requests from now on."""
        await self._runner.setup()
        await web.SockSite(self._runner, self._sock).start()

    async def close(self) -> None:
        """Stop answering."""
        await self._runner.cleanup()

    async def _links(self, request: web.Request) -> web.Response:
        return _json(self._relay.describe())

    async def _add(self, request: web.Request) -> web.Response:
        ask = _NewLink.model_validate(await _body(request))
        _must_be_loopback(split_address(ask.listen, "listen")[0], "listen")
        link = await self._relay.add(LinkSpec.model_validate(ask.model_dump()))
        return _json({"name": link.name, "address": link.address})

    async def _remove(self, request: web.Request) -> web.Response:
        return _json({"links": self._relay.remove(request.match_info["name"])})

    async def _cut(self, request: web.Request) -> web.Response:
        ask = _Cut.model_validate(await _body(request))
        return _json({"links": self._relay.cut(ask.a, ask.b, ask.kind, one_way=ask.one_way)})

    async def _heal(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if body == {}:
            return _json({"links": self._relay.heal_all()})
        ask = _Heal.model_validate(body)
        return _json({"links": self._relay.heal(ask.a, ask.b, one_way=ask.one_way)})


def _must_be_loopback(host: str, what: str) -> None:
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        is_loopback = False
    if not is_loopback:
        raise UserError(f"{what}: {host} is not a loopback address; the control API has no authentication")


@web.middleware
async def _errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401 - aiohttp's own type is private
    try:
        answer: web.StreamResponse = await handler(request)
    except ValidationError as error:
        first = error.errors()[0]
        return _json(
            {"error": {"message": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}}, status=400
        )
    except UserError as error:
        return _json({"error": {"message": str(error)}}, status=400)
    return answer


async def _body(request: web.Request) -> Any:  # noqa: ANN401 - JSON that a model checks next
    if request.content_type != "application/json":
        raise UserError("the body must be of type application/json")
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise UserError(f"the body is not JSON: {error}") from error


def _json(content: object, *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
