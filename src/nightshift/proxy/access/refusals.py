"""What is answered to who may not: OpenAI's statuses, codes and headers. The key itself is never repeated."""

from datetime import datetime

from nightshift.balancing.quotas import Quota, Refusal
from nightshift.proxy.errors import ApiError

_LIMIT = b"x-ratelimit-limit-%b: %%d\r\nx-ratelimit-remaining-%b: %%d\r\nx-ratelimit-reset-%b: %%dms\r\n"
_REQUESTS = _LIMIT % ((b"requests",) * 3)
_TOKENS = _LIMIT % ((b"tokens",) * 3)
_CHALLENGE = b"www-authenticate: Bearer\r\n"  # RFC 9110 11.6.1: a 401 has one


class AccessError(ApiError):
    """A refusal with header lines of its own."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        more: bytes = b"",
        param: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(status, code, message, param=param, retry_after_s=retry_after_s)
        self._more = more

    def lines(self) -> bytes:
        """See `ApiError`."""
        return super().lines() + self._more


def key_missing() -> AccessError:
    """Return the error for a request without a key."""
    return _unauthorized("this needs an API key: send the header Authorization: Bearer KEY")


def key_unknown() -> AccessError:
    """Return the error for a key that is none of ours."""
    return _unauthorized("incorrect API key")


def key_expired(expires: datetime) -> AccessError:
    """Return the error for a key that was one of ours; only its holder can get to see it."""
    return _unauthorized(f"this API key has expired, on {expires:%Y-%m-%d}")


def _unauthorized(message: str) -> AccessError:
    return AccessError(401, "invalid_api_key", message, more=_CHALLENGE)


def model_not_allowed(model: str) -> AccessError:
    """Return the error for a key that may ask for some models only."""
    if not model:
        message = "this API key is for some models only, and the request names none"
    else:
        message = f"this API key may not use the model {model[:200]!r}"
    return AccessError(403, "model_not_allowed", message, param="model")


def too_many(refusal: Refusal, lines: bytes) -> AccessError:
    """Return the error for a key that has used up one of its limits."""
    wait_s = refusal.retry_after_s
    limit = f"{refusal.limit} {refusal.what} per minute"
    message = f"this API key's limit of {limit} is reached; try again in {wait_s} s"
    return AccessError(429, "rate_limit_exceeded", message, retry_after_s=wait_s, more=lines)


def limit_lines(quota: Quota, now: float) -> bytes:
    """Return the headers that tell a client where it stands, by OpenAI's names."""
    lines = b""
    if quota.requests is not None:
        lines = _REQUESTS % quota.requests.standing(now)
    if quota.tokens is not None:
        lines += _TOKENS % quota.tokens.standing(now)
    return lines
