"""What goes wrong, as the controller's API says it: errors in OpenAI's format."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from nightshift.errors import NightshiftError, UserError

_CODES: Mapping[int, str] = {401: "unauthorized", 404: "unknown_path", 405: "method_not_allowed"}


def handle_errors(app: FastAPI) -> None:
    """Have `app` answer errors so."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(UserError, _user_error)
    app.add_exception_handler(NightshiftError, _own_error)


def as_json(content: object, status: int = 200) -> Response:
    """Return an answer."""
    return Response(orjson.dumps(content), status, media_type="application/json")


def _error(status: int, code: str, message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return as_json({"error": error}, status)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    first: dict[str, Any] = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    return _error(422, "invalid_value", f"{key}: {first['msg']}")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    return _error(error.status_code, _CODES.get(error.status_code, "error"), str(error.detail))


async def _user_error(request: Request, error: Exception) -> Response:
    return _error(422, "invalid_value", str(error))


async def _own_error(request: Request, error: Exception) -> Response:
    return _error(500, "controller_error", str(error))
