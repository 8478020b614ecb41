"""Which key a request shows.

The table is asked by the first half of the SHA-256 of what was shown; the other half is compared in constant
time. Neither step's timing says anything about a key, because nobody can steer the digest of a guess towards
that of a key they do not have. One digest a request, some 0.8 us; clear keys are kept nowhere.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from nightshift.balancing.quotas import Quota
from nightshift.proxy.access.refusals import key_expired, key_missing, key_unknown
from nightshift.proxy.access.settings import KeySettings

_HALF = 16


class Key:
    """A client's key as the request path sees it. What it was charged survives a reload."""

    __slots__ = ("counts_tokens", "expires", "id", "models", "quota", "rest", "settings", "tenant")

    def __init__(self, settings: KeySettings) -> None:
        self.settings = settings
        self.id = settings.id
        self.tenant = settings.tenant or settings.id
        self.models = None if settings.models is None else frozenset(settings.models)
        self.expires = settings.expires
        self.quota = _quota(settings)
        self.counts_tokens = settings.tokens_per_minute is not None
        """Whether what its answers come to has to be read."""
        self.rest = bytes.fromhex(settings.sha256)[_HALF:]
        """The half of the digest that the table does not have."""

    def inherit(self, now: float, old: "Key") -> None:
        """Go on with the old key's buckets, which requests under way still settle with."""
        if self.quota is not None and old.quota is not None:
            old.quota.change(now, self.settings.requests_per_minute, self.settings.tokens_per_minute)
            self.quota = old.quota


class KeyRing:
    """The keys that are in force. Does not change: a reload makes another."""

    __slots__ = ("_by_half", "_by_id", "_today")

    def __init__(self, keys: Iterable[KeySettings], today: Callable[[], datetime]) -> None:
        """`today` is asked only for keys that expire."""
        self._by_id = {settings.id: Key(settings) for settings in keys}
        self._by_half = {bytes.fromhex(key.settings.sha256)[:_HALF]: key for key in self._by_id.values()}
        self._today = today

    def inherit(self, now: float, old: "KeyRing") -> None:
        """Go on from what each key was charged under the old ring. Before this ring serves."""
        for key in self._by_id.values():
            before = old._by_id.get(key.id)
            if before is not None:
                key.inherit(now, before)

    def holder(self, authorization: bytes | None) -> Key:
        """Return the key in the value of an Authorization header (RFC 6750 2.1). Raises `ApiError` 401."""
        if authorization is None or authorization[:7].lower() != b"bearer ":
            raise key_missing()
        digest = sha256(authorization[7:]).digest()
        key = self._by_half.get(digest[:_HALF])
        if key is None or not compare_digest(digest[_HALF:], key.rest):
            raise key_unknown()
        if key.expires is not None and self._today() >= key.expires:
            raise key_expired(key.expires)
        return key


def _quota(settings: KeySettings) -> Quota | None:
    if settings.requests_per_minute is None and settings.tokens_per_minute is None:
        return None
    return Quota(settings.requests_per_minute, settings.tokens_per_minute)
