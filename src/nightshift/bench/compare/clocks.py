"""How far the clocks of what answered are from the clock here.

A server says the time in the `Date` header of an answer, in whole seconds, cut off. An answer that was asked
at `a`, had its head here at `b` and says `d` was begun at a moment of `[a, b]` here that is in `[d, d + 1)`
there, so that clock is ahead by something in `(d - b, d + 1 - a)`. The answers of a whole run narrow that to
about a round trip.

Times of a run come from the clients' own monotonic clock alone, which all clients of a machine share, so an
offset changes no figure; it matters to who lays the server's logs beside the records.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from nightshift.bench.records import RequestRecord

WARN_S = 1.0


@dataclass(frozen=True, slots=True)
class Offset:
    """The clock there is ahead of the one here by something from `low_s` to `high_s`."""

    low_s: float = float("-inf")
    high_s: float = float("inf")

    def narrowed(self, asked_at: float, here_at: float, date: float) -> "Offset":
        """Take an answer into account; times in seconds since 1970."""
        return Offset(max(self.low_s, date - here_at), min(self.high_s, date + 1 - asked_at))

    @property
    def least_s(self) -> float:
        """By how much the clocks differ at least. Of several servers whose clocks differ: 0."""
        return 0.0 if self.low_s > self.high_s else max(0.0, self.low_s, -self.high_s)

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return {"low_s": round(self.low_s, 3), "high_s": round(self.high_s, 3)}


def offsets_of(records: Iterable[RequestRecord], start: float, speed: float) -> dict[str, Offset]:
    """Return the offset of each server that says a time: by replica where it is named, else by region.

    `start` is time 0 of the records in seconds since 1970.
    """
    found: dict[str, Offset] = {}
    for record in records:
        date = _date(record.headers)
        if date is None or record.response_start is None:
            continue
        who = record.replica or f"the endpoint of {record.region}"
        found[who] = found.get(who, Offset()).narrowed(
            start + record.start / speed, start + record.response_start / speed, date
        )
    return found


def _date(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return None


def warnings_of(offsets: Mapping[str, Offset]) -> list[str]:
    """Return what a reader of records beside the servers' logs should know."""
    warnings = []
    for who, offset in offsets.items():
        if offset.low_s > offset.high_s:
            warnings.append(
                f"{who}: several clocks that disagree answer there; times in records are the clients'"
            )
        elif offset.least_s > WARN_S:
            warnings.append(
                f"the clock of {who} differs from the clients' by {offset.least_s:.1f} s or more; times in "
                "records are the clients'"
            )
    return warnings
