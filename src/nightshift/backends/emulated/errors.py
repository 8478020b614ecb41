"""Errors as OpenAI's API has them: a status, and `{"error": {message, type, param, code}}`."""

import orjson
from pydantic import ValidationError

from nightshift.errors import NightshiftError


class ApiError(NightshiftError):
    """An answer other than 200."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code

    def body(self) -> bytes:
        """Return the JSON to send."""
        kind = "invalid_request_error" if self.status < 500 else "internal_error"
        error = {"message": str(self), "type": kind, "param": self.param, "code": self.code}
        return orjson.dumps({"error": error})


def from_validation(error: ValidationError) -> ApiError:
    """Return a 400 that names the first field that is wrong."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    param = ".".join(str(part) for part in first["loc"]) or None
    if first["type"] == "json_invalid":
        return ApiError(400, f"We could not parse the JSON body of your request. {first['msg']}")
    return ApiError(400, f"{param or 'body'}: {first['msg']}", param=param)
