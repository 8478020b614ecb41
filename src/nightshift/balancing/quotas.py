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

from dataclasses import dataclass
from math import ceil, inf
from typing import NamedTuple

BYTES_PER_TOKEN = 4
"""Of a rendered prompt. English text has some 4.5 bytes a token with vocabularies of 100,000 words and more,
code 3, Chinese 3 to 4 (at 3 bytes a character): near enough for a charge that is settled with the count."""

MOST_DEBT_MINUTES = 10
"""Minutes of refill that a bucket may be below zero: a 128k answer against 13k tokens a minute, in full."""

_MINUTE_S = 60.0


def estimated_tokens(prompt_bytes: int) -> int:
    """Return what a rendered prompt of this length may come to in tokens, at least 1."""
    return prompt_bytes // BYTES_PER_TOKEN + 1


class Bucket:
    """`limit` units a minute, at most `limit` of them saved up."""

    __slots__ = ("_full_at", "_rate", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._rate = limit / _MINUTE_S
        self._full_at = -inf

    def left(self, now: float) -> float:
        """Return the units in it; below zero while in debt."""
        missing_s = self._full_at - now
        return self.limit if missing_s <= 0 else self.limit - missing_s * self._rate

    def full_in_s(self, now: float) -> float:
        """Return the seconds until it is full."""
        return max(0.0, self._full_at - now)

    def wait_s(self, now: float, units: float) -> float:
        """Return the seconds until `units` are there, 0 for now; a full bucket is enough for any number."""
        spare_s = (self.limit - units) / self._rate if units < self.limit else 0.0
        return max(0.0, self._full_at - now - spare_s)

    def take(self, now: float, units: float) -> None:
        """Take units out, or with a negative number put them back."""
        full_at = max(now, self._full_at) + units / self._rate
        self._full_at = min(full_at, now + (1 + MOST_DEBT_MINUTES) * _MINUTE_S)

    def inherit(self, now: float, old: "Bucket | None") -> None:
        """Take over what an old bucket, of another limit, was charged: no reload gives a fresh minute."""
        if old is not None:
            self.take(now, old.limit - old.left(now))


class Refusal(NamedTuple):
    """Why a request may not pass now, and in how many whole seconds it may."""

    what: str
    """`requests` or `tokens`."""
    limit: int
    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One bucket as its user gets to see it."""

    what: str
    limit: int
    remaining: int
    reset_s: float


class Quota:
    """The limits of one key. A limit that is None is none."""

    __slots__ = ("requests", "tokens")

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self.requests = None if requests_per_minute is None else Bucket(requests_per_minute)
        self.tokens = None if tokens_per_minute is None else Bucket(tokens_per_minute)

    def inherit(self, now: float, old: "Quota") -> None:
        """Go on from where the key stood under its old limits."""
        if self.requests is not None:
            self.requests.inherit(now, old.requests)
        if self.tokens is not None:
            self.tokens.inherit(now, old.tokens)

    def admit(self, now: float, tokens: int) -> Refusal | None:
        """Charge a request of so many tokens, or say why not; a refused one is charged nothing.

        An estimate above the whole limit passes when the bucket is full: the estimate may be wrong, and no
        later moment would be better.
        """
        requests, bucket = self.requests, self.tokens
        if requests is not None:
            wait_s = requests.wait_s(now, 1)
            if wait_s > 0:
                return Refusal("requests", requests.limit, ceil(wait_s))
        if bucket is not None:
            wait_s = bucket.wait_s(now, tokens)
            if wait_s > 0:
                return Refusal("tokens", bucket.limit, ceil(wait_s))
            bucket.take(now, self.charge_for(tokens))
        if requests is not None:
            requests.take(now, 1)
        return None

    def charge_for(self, tokens: int) -> int:
        """Return what `admit` charges for an estimate: no more than a full bucket, so it makes no debt."""
        return tokens if self.tokens is None else min(tokens, self.tokens.limit)

    def settle(self, now: float, estimate: int, actual: int) -> None:
        """The answer has ended: it was admitted with `estimate`, and came to `actual` tokens."""
        if self.tokens is not None:
            self.tokens.take(now, actual - self.charge_for(estimate))

    def standing(self, now: float) -> list[Standing]:
        """Return what is left of each limit."""
        buckets = (("requests", self.requests), ("tokens", self.tokens))
        return [
            Standing(what, bucket.limit, max(0, int(bucket.left(now))), bucket.full_in_s(now))
            for what, bucket in buckets
            if bucket is not None
        ]
