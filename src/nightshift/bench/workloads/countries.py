"""Which country a synthetic user lives in: this stand-in's choice, no statistics of any data.

Figure 2 of SkyWalker shows WildChat's countries, and how many users each has is not published there. So the
users of a region are put into countries of its part of the world that have the standard time its daily cycle
has (`daylight.py`): the one of rank r with a weight of 1/r, and the user who has very much of a region
(`Sharing.heavy_user`) in the first. All countries of a region then have that region's cycle, none of its own.
Names are MaxMind's, as in WildChat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from nightshift.bench.workloads.conversations import Conversation, heavy_user
from nightshift.bench.workloads.daylight import zone_of
from nightshift.bench.workloads.prose import zipf_choice

COUNTRIES: Mapping[str, Sequence[str]] = {
    "us-east": ("United States", "Canada"),
    "us-west": ("United States", "Canada"),
    "us-central": ("United States", "Mexico", "Canada"),
    "ca-central": ("Canada", "United States"),
    "ca-west": ("Canada", "United States"),
    "sa-east": ("Brazil", "Argentina", "Uruguay"),
    "eu-west": ("United Kingdom", "Ireland", "Portugal"),
    "eu-central": ("Germany", "France", "Poland", "Switzerland"),
    "eu-north": ("Sweden", "Norway", "Denmark"),
    "eu-south": ("Italy", "Spain"),
    "europe-west": ("France", "Germany", "The Netherlands", "Belgium"),
    "me-south": ("Saudi Arabia", "Kuwait", "Bahrain"),
    "me-central": ("United Arab Emirates", "Oman"),
    "il-central": ("Israel",),
    "af-south": ("South Africa", "Zimbabwe"),
    "ap-south": ("India", "Sri Lanka"),
    "ap-southeast": ("Singapore", "Malaysia", "Philippines"),
    "ap-northeast": ("Japan", "South Korea"),
    "ap-east": ("China", "Hong Kong", "Taiwan"),
    "asia-east": ("China", "Taiwan", "Hong Kong"),
    "asia-northeast": ("Japan", "South Korea"),
    "asia-southeast": ("Singapore", "Malaysia", "Philippines"),
}
"""Countries by what a region's name begins with, as `daylight.OFFSETS_H` has it."""


def country_of_user(user: str, region: str, seed: str) -> str | None:
    """Return where a synthetic user of a region lives; None in a region whose countries are not known."""
    names = COUNTRIES.get(zone_of(region))
    if names is None:
        return None
    return names[0] if user == heavy_user(region) else zipf_choice(Random(f"{seed}/{user}/country"), names)


def with_countries(found: Sequence[Conversation], region: str, seed: str) -> list[Conversation]:
    """Return the conversations with the countries of their users; nothing else of them changes."""
    return [replace(one, country=country_of_user(one.user, region, seed)) for one in found]
