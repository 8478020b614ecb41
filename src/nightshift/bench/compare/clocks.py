"""How far the clock of what answers is from the clock here.

A server says the time in the `Date` header of each answer, in whole seconds, cut off. An answer that was
asked at `a`, is here at `b` and says `d` was made at a moment of `[a, b]` here that is in `[d, d + 1)` there,
so its clock is ahead by something in `(d - b, d + 1 - a)`. A few answers, spread over more than a second,
narrow that to about a round trip.

Times of a run come from the clients' own monotonic clock alone, which all clients of a machine share, so an
offset does not change a figure; it matters to who lays the server's logs beside the records.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import ClientSession

WARN_S = 1.0
_ASK = 12
_APART_S = 0.13
"""Twelve answers in one and a half seconds see the second change at least once."""


@dataclass(frozen=True, slots=True)
class Offset:
    """The clock there is ahead of the one here by something from `low_s` to `high_s`."""

    low_s: float
    high_s: float

    def narrowed(self, asked_at: float, here_at: float, date: float) -> "Offset":
        """Take an answer into account; times in seconds since 1970."""
        return Offset(max(self.low_s, date - here_at), min(self.high_s, date + 1 - asked_at))

    @property
    def least_s(self) -> float:
        """By how much the clocks differ at least."""
        return max(0.0, self.low_s, -self.high_s)

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return {"low_s": round(self.low_s, 3), "high_s": round(self.high_s, 3)}


async def offsets_of(endpoints: Mapping[str, str]) -> dict[str, Offset | None]:
    """Return the offset at each endpoint, by region; None where no answer says a time."""
    from aiohttp import ClientSession, ClientTimeout

    async with ClientSession(timeout=ClientTimeout(total=5)) as http:
        found = await asyncio.gather(*(_offset(http, address) for address in endpoints.values()))
    return dict(zip(endpoints, found, strict=True))


async def _offset(http: "ClientSession", endpoint: str) -> Offset | None:
    from aiohttp import ClientError

    url = endpoint if "://" in endpoint else f"http://{endpoint}"
    offset, heard = Offset(float("-inf"), float("inf")), False
    for _ in range(_ASK):
        asked_at = _now()
        try:
            async with http.get(f"{url.rstrip('/').removesuffix('/v1')}/v1/models") as response:
                said: Any = response.headers.get("date")
        except (OSError, ClientError):  # TimeoutError is an OSError
            return None
        if said is None:
            return None
        try:
            date = parsedate_to_datetime(said).timestamp()
        except ValueError:
            return None
        offset, heard = offset.narrowed(asked_at, _now(), date), True
        await asyncio.sleep(_APART_S)
    return offset if heard else None


def _now() -> float:
    return datetime.now(UTC).timestamp()


def warnings_of(offsets: Mapping[str, Offset | None]) -> list[str]:
    """Return what a reader of records beside the server's logs should know."""
    return [
        f"the clock behind the endpoint of {region} differs from the clients' by {offset.least_s:.1f} s or "
        "more; times in records are the clients'"
        for region, offset in offsets.items()
        if offset is not None and offset.least_s > WARN_S
    ]
