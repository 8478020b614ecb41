"""Who gets in, before anything of a request is looked at: the service's token, and a body of bounded size.

In front of the framework and not a part of it, because FastAPI reads and parses a body before it asks
whether its sender may send one. Everything is behind the token except the paths given as open.
"""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nightshift.proxy.decision import PEER_TOKEN
from nightshift.proxy.errors import ApiError

MAX_BODY_BYTES = 4 * 2**20
"""A list of a thousand targets has 100 kB."""
BODY_S = 10.0

_BEARER = b"bearer "


class Gate:
    """See the head of the file."""

    def __init__(
        self, app: ASGIApp, *, is_token: Callable[[bytes], bool], open_paths: frozenset[str]
    ) -> None:
        """`is_token` compares in constant time, with each of the tokens that are valid now."""
        self._app = app
        self._is_token = is_token
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI: an HTTP request, as there is nothing else on this listener."""
        try:
            if scope["path"] not in self._open_paths:
                self._require_token(scope)
            async with asyncio.timeout(BODY_S):
                body = await _body(receive)
        except ApiError as error:
            await refuse(error, send)
            return
        except TimeoutError:
            await refuse(ApiError(408, "body_timeout", f"the body took longer than {BODY_S:g} s"), send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    def _require_token(self, scope: Scope) -> None:
        shown = [value for name, value in scope["headers"] if name == PEER_TOKEN]
        for name, value in scope["headers"]:
            if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
                shown.append(value[len(_BEARER) :].strip())
        if len(shown) != 1 or not self._is_token(shown[0]):
            message = (
                f"this needs the service's token, as `Authorization: Bearer` or in {PEER_TOKEN.decode()}"
            )
            raise ApiError(401, "service_token", message)


async def refuse(error: ApiError, send: Send) -> None:
    """Answer with an error in OpenAI's format, and close: what follows may be the rest of a body."""
    body = error.body()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    if error.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="nightshift"'))  # RFC 9110 11.6.1
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes | None:
    """Read the whole body; None if the client left."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(413, "body_too_large", f"a body here has at most {MAX_BODY_BYTES} bytes")
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body once, and then what really comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
