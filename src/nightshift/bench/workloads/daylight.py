"""The daily cycle of requests in a region: its time zone, and its busiest hour over its quietest.

Source: SkyWalker (arXiv 2505.24095), figure 2 (the cycles of six countries in WildChat, shifted) and figure
3a: of five regions the busiest hour has 2.88 to 32.64 times the requests of the quietest, their sum 1.29
times. Which region has which, and their shares, are not published. Here they were chosen: the extremes as
published, and ratios between them and shares such that the sum of the five comes out (the tests compute it).

The rate over a day is exp(k cos(t)), whose busiest hour has exp(2k) times the quietest's; busiest at 15 h
local, quietest at 3 h.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import cos, exp, log, pi, sqrt

from nightshift.errors import UserError

PEAK_HOUR = 15.0
_STEPS = 288


@dataclass(frozen=True, slots=True)
class DailyCycle:
    """`utc_offset_h`, and the busiest hour over the quietest."""

    utc_offset_h: float
    peak_to_trough: float

    def at(self, utc_hour: float) -> float:
        """Return the rate at an hour, relative to the mean of the day."""
        return self._raw(utc_hour) / _mean(self.peak_to_trough)

    @property
    def most(self) -> float:
        """The rate of the busiest moment, relative to the mean."""
        return sqrt(self.peak_to_trough) / _mean(self.peak_to_trough)

    def _raw(self, utc_hour: float) -> float:
        angle = (utc_hour + self.utc_offset_h - PEAK_HOUR) / 12 * pi
        return exp(log(self.peak_to_trough) / 2 * cos(angle))


@lru_cache
def _mean(peak_to_trough: float) -> float:
    """The mean of exp(k cos(t)) over a day, which is the same in every time zone."""
    steepness = log(peak_to_trough) / 2
    return sum(exp(steepness * cos(2 * pi * step / _STEPS)) for step in range(_STEPS)) / _STEPS


FIVE_REGIONS: Mapping[str, tuple[DailyCycle, float]] = {
    "us-east-2": (DailyCycle(-5, 2.88), 0.35),
    "us-west-2": (DailyCycle(-8, 6.0), 0.15),
    "eu-central-1": (DailyCycle(1, 8.0), 0.20),
    "ap-northeast-1": (DailyCycle(9, 32.64), 0.20),
    "ap-south-1": (DailyCycle(5.5, 12.0), 0.10),
}
"""Cycle and share of all requests of the five that stand for figure 3a's."""

OFFSETS_H: Mapping[str, float] = {
    "us-east": -5,
    "us-west": -8,
    "us-central": -6,
    "ca-central": -5,
    "ca-west": -7,
    "sa-east": -3,
    "eu-west": 0,
    "eu-central": 1,
    "eu-north": 1,
    "eu-south": 1,
    "europe-west": 1,
    "me-south": 3,
    "me-central": 4,
    "il-central": 2,
    "af-south": 2,
    "ap-south": 5.5,
    "ap-southeast": 8,
    "ap-northeast": 9,
    "ap-east": 8,
    "asia-east": 8,
    "asia-northeast": 9,
    "asia-southeast": 8,
}
"""Standard time, hours from UTC, by `zone_of` a region."""

_USUAL_RATIO = 8.0  # eu-central-1's of the five


def zone_of(region: str) -> str:
    """Return the name of a region without its number, a hyphen before that left out."""
    return region.rstrip("0123456789").rstrip("-")


def cycle_of(region: str, utc_offset_h: float | None, peak_to_trough: float | None) -> DailyCycle:
    """Return a region's cycle; what is given replaces the table. Raises `UserError` for an unknown region."""
    known = FIVE_REGIONS[region][0] if region in FIVE_REGIONS else None
    offset = utc_offset_h
    if offset is None:
        offset = known.utc_offset_h if known else OFFSETS_H.get(zone_of(region))
    if offset is None:
        raise UserError(f"region {region!r}: its time zone is not known; give --utc-offset, hours from UTC")
    ratio = peak_to_trough or (known.peak_to_trough if known else _USUAL_RATIO)
    return DailyCycle(offset, ratio)
