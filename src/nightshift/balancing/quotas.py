"""How much one key may ask for: requests and tokens a minute, as token buckets.

A bucket holds one minute's worth and refills steadily, so in any window of T minutes at most `limit x T` and
one full bucket get through. Its whole state is one number: the moment at which it will be full again (the
"theoretical arrival time" of GCRA). Nothing ticks, a key without traffic is full, and each call is O(1).

What a request costs in tokens is known when its answer ends. It is admitted on an estimate and settled with
the truth, so that many long answers at once can take a bucket below zero: then nothing is admitted until it
has been worked off. Debt is bounded, because the truth is a replica's word, and one that reports 10^12 tokens
must not shut a key out for ever.

Deliberately not done: reserving `max_tokens` at arrival, which refuses work that would have been short; and
sharing a bucket between balancers, which would cost a trip across the ocean for each request. A limit holds
at each balancer by itself.
"""

from math import ceil, inf
from typing import NamedTuple

BYTES_PER_TOKEN = 4
"""Of a rendered prompt. English text has some 4.5 bytes a token with vocabularies of 100,000 words and more,
code 3, Chinese 3 to 4 (at 3 bytes a character): near enough for a charge that is settled with the count."""

MOST_DEBT_MINUTES = 10
"""Minutes of refill that a bucket may be below zero: a 128k answer against 13k tokens a minute, in full."""

_MINUTE_S = 60.0
_ROUNDING_S = 1e-9


def estimated_tokens(prompt_bytes: int) -> int:
    """Return what a rendered prompt of this length may come to in tokens, at least 1."""
    return prompt_bytes // BYTES_PER_TOKEN + 1


class Standing(NamedTuple):
    """One bucket as its user gets to see it."""

    limit: int
    remaining: int
    reset_ms: int
    """Until it is full."""


class Bucket:
    """`limit` units a minute, at most `limit` of them saved up."""

    __slots__ = ("_full_at", "_s_per_unit", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._s_per_unit = _MINUTE_S / limit
        self._full_at = -inf

    def left(self, now: float) -> float:
        """Return the units in it; below zero while in debt."""
        return self.limit - self.full_in_s(now) / self._s_per_unit

    def full_in_s(self, now: float) -> float:
        """Return the seconds until it is full."""
        return max(0.0, self._full_at - now)

    def draw(self, now: float, units: int) -> float:
        """Take units out and return 0, or return the seconds until they are there.

        More than a bucket holds takes a full one.
        """
        full_at = self._full_at if self._full_at > now else now
        full_at += (units if units < self.limit else self.limit) * self._s_per_unit
        wait_s = full_at - now - _MINUTE_S
        if wait_s > _ROUNDING_S:
            return wait_s
        self._full_at = full_at
        return 0.0

    def charge(self, now: float, units: float) -> None:
        """Take units out, into debt if need be; with a negative number put them back."""
        full_at = max(now, self._full_at) + units * self._s_per_unit
        self._full_at = min(full_at, now + (1 + MOST_DEBT_MINUTES) * _MINUTE_S)

    def standing(self, now: float) -> Standing:
        """Return what its user may know of it."""
        full_in_s = self._full_at - now
        if full_in_s <= 0:
            return Standing(self.limit, self.limit, 0)
        return Standing(
            self.limit, max(0, int(self.limit - full_in_s / self._s_per_unit)), ceil(full_in_s * 1000)
        )

    def change(self, now: float, limit: int) -> None:
        """Go on with another limit, and with what was charged: a reload gives no fresh minute."""
        missing = self.limit - self.left(now)
        self.limit = limit
        self._s_per_unit = _MINUTE_S / limit
        self._full_at = now
        self.charge(now, missing)


class Refusal(NamedTuple):
    """Why a request may not pass now, and in how many whole seconds it may."""

    what: str
    """`requests` or `tokens`."""
    limit: int
    retry_after_s: int


class Quota:
    """The limits of one key. A limit that is None is none."""

    __slots__ = ("requests", "tokens")

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self.requests = _bucket(requests_per_minute)
        self.tokens = _bucket(tokens_per_minute)

    def change(self, now: float, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        """Other limits from now on, also for requests that are still to be settled."""
        self.requests = _changed(self.requests, now, requests_per_minute)
        self.tokens = _changed(self.tokens, now, tokens_per_minute)

    def admit(self, now: float, tokens: int) -> Refusal | None:
        """Charge a request of so many tokens, or say why not; a refused one is charged nothing.

        An estimate above the whole limit passes when the bucket is full: the estimate may be wrong, and no
        later moment would be better.
        """
        requests, bucket = self.requests, self.tokens
        if requests is not None:
            wait_s = requests.draw(now, 1)
            if wait_s:
                return Refusal("requests", requests.limit, ceil(wait_s))
        if bucket is not None:
            wait_s = bucket.draw(now, tokens)
            if wait_s:
                if requests is not None:
                    requests.charge(now, -1)
                return Refusal("tokens", bucket.limit, ceil(wait_s))
        return None

    def settle(self, now: float, estimate: int, actual: int) -> None:
        """The answer has ended: it was admitted with `estimate`, and came to `actual` tokens."""
        bucket = self.tokens
        if bucket is not None:
            bucket.charge(now, actual - min(estimate, bucket.limit))


def _bucket(limit: int | None) -> Bucket | None:
    return None if limit is None else Bucket(limit)


def _changed(bucket: Bucket | None, now: float, limit: int | None) -> Bucket | None:
    if bucket is None or limit is None:
        return _bucket(limit)
    bucket.change(now, limit)
    return bucket
