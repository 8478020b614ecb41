"""Asking a balancer's admin API, one question at a time."""

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

import orjson

from nightshift.errors import NightshiftError, UserError

_TIMEOUT_S = 10.0

Facts = Mapping[str, Any]


class AdminClient:
    """`url` is where the admin listener is, `token` the service's."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
            raise UserError(f"--url {url}: expected http://HOST:PORT of a balancer's admin listener")
        try:
            port = parts.port or 80
        except ValueError as error:
            raise UserError(f"--url {url}: {error}") from error
        self._url = url
        self._address = (parts.hostname, port)
        self._headers = {"accept": "application/json"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    def json(self, method: str, path: str, body: object = None) -> Facts:
        """Return the answer, parsed. Raises `UserError` for what the caller can mend."""
        try:
            content = orjson.loads(self.raw(method, path, body))
        except orjson.JSONDecodeError as error:
            raise UserError(f"what answers at {self._url} is no balancer's admin listener") from error
        facts: Facts = content
        return facts

    def raw(self, method: str, path: str, body: object = None) -> bytes:
        """Return the answer as it came."""
        headers = dict(self._headers)
        payload = None
        if body is not None:
            payload = body if isinstance(body, bytes) else orjson.dumps(body)
            headers["content-type"] = "application/json"
        connection = HTTPConnection(*self._address, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
            status, content = response.status, response.read()
        except UnicodeEncodeError as error:
            raise UserError("the token has characters that fit no header") from error
        except (OSError, HTTPException) as error:
            raise UserError(
                f"no admin API answers at {self._url} ({error or type(error).__name__}); "
                "is `admin` in the balancer's settings, and --url right?"
            ) from error
        finally:
            connection.close()
        if status >= 400:
            raise _refusal(status, content)
        return content


def _refusal(status: int, content: bytes) -> NightshiftError:
    if status == 401:
        return UserError("the balancer does not take this token; set NIGHTSHIFT_PEER_TOKEN to the service's")
    try:
        message = orjson.loads(content)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = f"status {status}, and no reason that could be read; is this a balancer's admin listener?"
    return UserError(str(message)) if status < 500 else NightshiftError(str(message))
