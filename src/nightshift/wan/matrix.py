"""How far apart regions are: round-trip times by ordered pair, shipped or given by the user.

The shipped table is `aws-2025-05-29.json`: cloudping.co, p50 over one year, captured 2025-05-29. It was
measured with HTTPS probes in both directions, so a pair has two slightly different entries; one way from
`a` to `b` is taken as half of the entry `a` to `b`. Its diagonal (2.5 to 5.3 ms) is dropped: it is mostly the
cost of the probe, while the true round trip within a region is below 2 ms. Here a region is 0 ms from
itself, as processes of one region talk to each other directly over loopback.
"""

import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from nightshift.errors import UserError

SHIPPED = ("aws-2025-05-29",)
DEFAULT = SHIPPED[0]

Nested = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class PairTable:
    """One number for each ordered pair of different regions."""

    values: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, nested: Nested, what: str) -> "PairTable":
        """Read `{a: {b: number}}`; where only one direction is given, it holds for both.

        Raises `UserError` for a negative number and for a region's distance to itself.
        """
        values = {(a, b): number for a, row in nested.items() for b, number in row.items()}
        for (a, b), number in values.items():
            if a == b:
                raise UserError(
                    f"{what}: {a} to itself is given; within a region nothing is emulated, leave it out"
                )
            if not number >= 0:
                raise UserError(f"{what}: {a} to {b} is {number}; it must be 0 or more")
        mirrored = {(b, a): number for (a, b), number in values.items()}
        return cls(mirrored | values)

    @property
    def regions(self) -> tuple[str, ...]:
        """Every region that the table names, in the order in which they first appear."""
        return tuple(dict.fromkeys(region for pair in self.values for region in pair))


@dataclass(frozen=True, slots=True)
class Matrix:
    """Round-trip times between regions, in ms. `name` is for messages."""

    name: str
    rtt_ms: PairTable

    def one_way_s(self, a: str, b: str) -> float:
        """Return the time from `a` to `b` in seconds: half the round trip, 0 within a region.

        Raises `UserError` when the matrix does not know a region or the pair.
        """
        known = self.rtt_ms.regions
        for region in (a, b):
            if region not in known:
                names = ", ".join(sorted(known)) or "none"
                raise UserError(f"unknown region {region!r}: matrix {self.name} knows {names}")
        if a == b:
            return 0.0
        rtt = self.rtt_ms.values.get((a, b))
        if rtt is None:
            raise UserError(f"matrix {self.name} has no round-trip time for {a} and {b}; add one, in ms")
        return rtt / 2 / 1000


def load_matrix(setting: str | Nested) -> Matrix:
    """Return the shipped matrix of that name, or the user's own `{a: {b: rtt in ms}}`."""
    if not isinstance(setting, str):
        return Matrix("given here", PairTable.of(setting, "matrix"))
    if setting not in SHIPPED:
        raise UserError(f"unknown matrix {setting!r}: choose {', '.join(SHIPPED)}, or give pairs in ms")
    data = orjson.loads(importlib.resources.files(__package__).joinpath(f"{setting}.json").read_bytes())
    rows = {a: {b: rtt for b, rtt in row.items() if b != a} for a, row in data["rtt_ms"].items()}
    return Matrix(setting, PairTable.of(rows, setting))
