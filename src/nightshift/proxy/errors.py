"""Answers that say no, in OpenAI's error format, and whose fault it was by their type."""

from http import HTTPStatus

import orjson

from nightshift.errors import NightshiftError

_TYPES = {403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class ApiError(NightshiftError):
    """A request that is answered with an error. `close`: nothing more can be read from this connection."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        allow: str | None = None,
        retry_after_s: int | None = None,
        may_retry: bool = True,
        close: bool = False,
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.allow = allow
        self.retry_after_s = retry_after_s
        self.may_retry = may_retry
        self.close = close
        super().__init__(message)

    @property
    def type(self) -> str:
        """OpenAI's word for the kind of error."""
        return _TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")

    def body(self) -> bytes:
        """The error as JSON."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return orjson.dumps({"error": error})

    def lines(self) -> bytes:
        """Header lines that belong to this error."""
        lines = b""
        if self.allow is not None:
            lines += b"allow: %b\r\n" % self.allow.encode()
        if self.retry_after_s is not None:
            lines += b"retry-after: %d\r\n" % self.retry_after_s
        if not self.may_retry:
            lines += b"x-should-retry: false\r\n"  # the official clients' own word for it
        return lines


def bad_framing(message: str) -> ApiError:
    """Return the error for bytes that are no HTTP request; what follows them cannot be trusted."""
    return ApiError(400, "bad_request", message, close=True)


def upstream_lost(message: str) -> ApiError:
    """Return the error for a replica or peer that went away, or spoke no HTTP, before it had answered."""
    return ApiError(502, "upstream_lost", message)


def upstream_stalled(silence_s: float) -> ApiError:
    """Return the error for a replica or peer that fell silent amid its answer."""
    return ApiError(504, "upstream_stalled", f"the answer stopped for more than {silence_s:g} s")


def deadline_exceeded(elapsed_s: float) -> ApiError:
    """Return the error for a request whose time is over."""
    message = f"the deadline of this request has passed, {elapsed_s:.0f} s after it arrived here"
    return ApiError(504, "deadline_exceeded", message, may_retry=False)


def reason_phrase(status: int) -> bytes:
    """Return the standard words for a status."""
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
