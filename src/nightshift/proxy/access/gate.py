"""The gate that a client's request goes through: who asks, may they, and what it cost in the end.

    key = gate.authenticate(request)                     401; None when the gate is open to all
    entry = gate.admit(now, key, model, prompt_bytes)    403, 429; None when there is nothing to count
    entry.block(data) for each block of the answer       only if entry.meters
    entry.over(now, ...)                                 once, however the request ended

Without keys both return None at once. What a peer hands over does not come here: its first balancer has asked
already, and has charged for it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from nightshift.balancing.quotas import Quota, estimated_tokens
from nightshift.proxy.access.keys import Key, KeyRing
from nightshift.proxy.access.refusals import limit_lines, model_not_allowed, too_many
from nightshift.proxy.access.settings import KeySettings
from nightshift.proxy.access.usage import UsageMeter
from nightshift.proxy.request import HttpRequest

_AUTHORIZATION: Final = b"authorization"
_ACCEPT_ENCODING: Final = b"accept-encoding"


class Entry:
    """What has to be told of the answer to one admitted request."""

    __slots__ = ()

    @property
    def meters(self) -> bool:
        """Whether it wants to see the blocks of the answer."""
        raise NotImplementedError

    def block(self, data: bytes) -> None:
        """Take note of a block of the answer's body."""
        raise NotImplementedError

    def over(self, now: float, *, served: bool) -> None:
        """Settle. `served`: an engine had the request; else its tokens are given back."""
        raise NotImplementedError

    def lines(self, now: float) -> bytes:
        """Return the header lines of the answer that tell where the key stands."""
        raise NotImplementedError


class ChargedEntry(Entry):
    """One admitted request of a key with limits."""

    __slots__ = ("_estimate", "_meter", "_quota")

    def __init__(self, quota: Quota, estimate: int) -> None:
        self._quota = quota
        self._estimate = estimate
        self._meter = None if quota.tokens is None else UsageMeter()

    @property
    def meters(self) -> bool:
        """See `Entry`: only where tokens are limited."""
        return self._meter is not None

    def block(self, data: bytes) -> None:
        """See `Entry`."""
        if self._meter is not None:
            self._meter.block(data)

    def over(self, now: float, *, served: bool) -> None:
        """See `Entry`."""
        meter, self._meter = self._meter, None
        if meter is not None:
            actual = meter.tokens(self._estimate) if served else 0
            self._quota.settle(now, self._estimate, actual)

    def lines(self, now: float) -> bytes:
        """See `Entry`."""
        return limit_lines(self._quota, now)


class Gate:
    """See the head of the file."""

    def __init__(
        self,
        keys: Iterable[KeySettings] | None,
        *,
        passes_authorization: bool,
        today: Callable[[], datetime],
    ) -> None:
        """`keys` None: everybody is served. `today` tells the date, with its zone."""
        self._today = today
        self._passes_authorization = passes_authorization
        self._ring = None if keys is None else KeyRing(keys, today)

    def change(self, now: float, keys: Iterable[KeySettings] | None) -> None:
        """These keys are in force from now on; what each was charged stays charged."""
        ring = None if keys is None else KeyRing(keys, self._today)
        if ring is not None and self._ring is not None:
            ring.inherit(now, self._ring)
        self._ring = ring

    @property
    def is_open(self) -> bool:
        """Whether everybody is served."""
        return self._ring is None

    def check(self, request: HttpRequest) -> None:
        """Raise `ApiError` 401 for a request that would get it, which stays as it is."""
        if self._ring is not None:
            self._ring.holder(request.fields.get(_AUTHORIZATION))

    def authenticate(self, request: HttpRequest) -> Key | None:
        """Return whose request it is. Raises `ApiError` 401. Needs the head only.

        The key stays here: the header is taken off the request, unless it shall go on to the engine.
        """
        ring = self._ring
        key = None if ring is None else ring.holder(request.fields.get(_AUTHORIZATION))
        if not self._passes_authorization:
            request.drop(_AUTHORIZATION)
        if key is not None and key.counts_tokens:
            request.drop(_ACCEPT_ENCODING)  # a compressed answer's usage could not be read
        return key

    def admit(self, now: float, key: Key | None, model: str | None, prompt_bytes: int) -> Entry | None:
        """Charge a request to its key. Raises `ApiError` 403 or 429.

        `model` is what the request names, empty if it names none, None if it need not, because it is about
        what the key has got already; `prompt_bytes` the length of the rendered prompt.
        """
        if key is None:
            return None
        if key.models is not None and model is not None and model not in key.models:
            raise model_not_allowed(model)
        quota = key.quota
        if quota is None:
            return None
        estimate = estimated_tokens(prompt_bytes)
        refusal = quota.admit(now, estimate)
        if refusal is not None:
            raise too_many(refusal, limit_lines(quota, now))
        return ChargedEntry(quota, estimate)
