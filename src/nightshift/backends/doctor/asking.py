"""Asking one engine over HTTP, with every way in which that fails said in one line.

Redirects are not followed, proxies of the environment not used, and no more than `_LONGEST_BODY` is read: the
balancer does none of that either. The key goes into the `Authorization` header and nowhere else; should an
engine repeat it in an error, it is crossed out.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from nightshift.errors import NightshiftError, UserError

KEY_VARIABLE = "NIGHTSHIFT_ENGINE_API_KEY"

_LONGEST_BODY = 8 * 2**20


class EngineError(NightshiftError):
    """The engine cannot be asked, or what answers is none. The message names the cause and the fix."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `first_byte_s`: from the question to the head of the answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    first_byte_s: float
    reused: bool

    def json(self) -> dict[str, Any]:
        """Return the body if it is a JSON object, else an empty one."""
        try:
            said = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def is_html(self) -> bool:
        """Whether this is a page for people."""
        return self.body[:256].lstrip()[:1] == b"<"


class Asking:
    """One engine, by its address."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, clock: Callable[[], float], api_key: str | None
    ) -> None:
        self._http = http
        self.url = url
        self.clock = clock
        self._api_key = api_key

    async def get(self, path: str) -> Answer:
        """Ask for a page."""
        return await self._ask("GET", path, None)

    async def post(self, path: str, content: object) -> Answer:
        """Send JSON."""
        return await self._ask("POST", path, content)

    async def _ask(self, method: str, path: str, content: object) -> Answer:
        started = self.clock()
        async with self._response(method, path, content) as (response, seen):
            first_byte_s = self.clock() - started
            body = bytearray()
            async for block in response.content.iter_any():
                body += block
                if len(body) > _LONGEST_BODY:
                    raise EngineError(f"{self.url}{path} answers with more than {_LONGEST_BODY} bytes")
            return Answer(response.status, response.headers, bytes(body), first_byte_s, bool(seen.reused))

    @asynccontextmanager
    async def stream(self, path: str, content: object) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send JSON, and hand out the answer before its body has come. Left early, the connection is cut."""
        async with self._response("POST", path, content) as (response, _):
            yield response

    @asynccontextmanager
    async def _response(
        self, method: str, path: str, content: object
    ) -> AsyncIterator[tuple[aiohttp.ClientResponse, SimpleNamespace]]:
        headers = {"authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        data = None
        if content is not None:
            headers["content-type"] = "application/json"
            data = orjson.dumps(content)
        seen = SimpleNamespace(reused=False)
        try:
            async with self._http.request(
                method,
                self.url + path,
                data=data,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=seen,
            ) as response:
                yield response, seen
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise EngineError(self._cause(path, error)) from error

    def _cause(self, path: str, error: Exception) -> str:
        address = urlsplit(self.url).netloc
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            why = error.certificate_error
            return f"the certificate of {address} is not trusted ({why}); give its authority with --ca-file"
        if isinstance(error, aiohttp.ClientConnectorSSLError):
            return f"{address} speaks no TLS that this machine understands ({error}); is it http://{address}?"
        if isinstance(error, aiohttp.ClientConnectorError):
            reason = error.os_error.strerror or str(error.os_error)
            return f"cannot connect to {address}: {reason}; is the engine running, and this its address?"
        if isinstance(error, TimeoutError):
            return f"no answer from {self.url}{path} in time; is the engine stuck? --timeout gives it longer"
        return f"{self.url}{path} does not answer in HTTP ({error or type(error).__name__})"

    def quoted(self, answer: Answer) -> str:
        """Return what an answer that is an error says, in a few words and without the key."""
        error = answer.json().get("error")
        message = error.get("message") if isinstance(error, dict) else error
        text = message if isinstance(message, str) else answer.body[:200].decode("utf-8", "replace")
        if self._api_key:
            text = text.replace(self._api_key, "***")
        return " ".join(text.split())[:160] or f"status {answer.status}"


@asynccontextmanager
async def asking(
    url: str, *, api_key: str | None, timeout_s: float, ca_file: Path | None
) -> AsyncIterator[Asking]:
    """Open what is needed to ask the engine at `url`."""
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        connector=aiohttp.TCPConnector(limit=2, ssl=_tls(ca_file)),
        trace_configs=[trace],
        auto_decompress=True,
    ) as http:
        yield Asking(http, checked_url(url), asyncio.get_running_loop().time, api_key)


async def _note_reuse(_session: object, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.reused = True


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise UserError(f"--ca-file {ca_file}: {error.strerror or error}; give a PEM file") from error


def checked_url(url: str) -> str:
    """Return the engine's base address: `http://` added, `/v1` and the last slash taken off."""
    full = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(full)
        valid = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise UserError(f"{url!r} is no address of an engine; give http://HOST:PORT")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UserError("give the address alone, http://HOST:PORT, and a key with --api-key")
    return full.rstrip("/").removesuffix("/v1")
