"""Which region a country's users belong to: the parts of the world that clouds name regions after.

The original listed countries for each of its three regions, with errors: a missing comma lost Singapore,
New Zealand was in Europe, Germany and the Netherlands were missing, two countries stood twice. Here each
country has one place, and every one is some region's. Names are those of MaxMind, which WildChat uses.
"""

from enum import StrEnum

from nightshift.errors import UserError


class Continent(StrEnum):
    """A part of the world."""

    AMERICAS = "Americas"
    EMEA = "Europe, Middle East and Africa"
    ASIA_PACIFIC = "Asia and Pacific"


_PREFIXES = {
    Continent.AMERICAS: ("us", "ca", "sa", "mx", "northamerica", "southamerica"),
    Continent.EMEA: ("eu", "me", "af", "il", "europe", "africa"),
    Continent.ASIA_PACIFIC: ("ap", "cn", "asia", "australia"),
}
_AMERICAN = """
Argentina|Bahamas|Barbados|Belize|Bolivia|Brazil|Canada|Chile|Colombia|Costa Rica|Cuba|Dominican Republic|
Ecuador|El Salvador|Guatemala|Guyana|Haiti|Honduras|Jamaica|Mexico|Nicaragua|Panama|Paraguay|Peru|
Puerto Rico|Suriname|Trinidad and Tobago|United States|Uruguay|Venezuela
"""
_ASIAN_PACIFIC = """
Afghanistan|Australia|Bangladesh|Bhutan|Brunei|Cambodia|China|Fiji|Guam|Hong Kong|India|Indonesia|Japan|
Kazakhstan|Kyrgyzstan|Laos|Macao|Malaysia|Maldives|Mongolia|Myanmar|Nepal|New Caledonia|New Zealand|
North Korea|Pakistan|Papua New Guinea|Philippines|Russia|Singapore|South Korea|Sri Lanka|Taiwan|Tajikistan|
Thailand|Timor-Leste|Turkmenistan|Uzbekistan|Vietnam
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.replace("\n", "").split("|"))


AMERICAN = _names(_AMERICAN)
ASIAN_PACIFIC = _names(_ASIAN_PACIFIC)


def continent_of_country(country: str) -> Continent:
    """Return where a country is; whatever is neither American nor Asian or Pacific belongs to EMEA."""
    if country in AMERICAN:
        return Continent.AMERICAS
    return Continent.ASIA_PACIFIC if country in ASIAN_PACIFIC else Continent.EMEA


def continent_of_region(region: str) -> Continent:
    """Return where a cloud's region is, by how its name begins. Raises `UserError` if that tells nothing."""
    prefix = region.partition("-")[0]
    for continent, prefixes in _PREFIXES.items():
        if prefix in prefixes:
            return continent
    raise UserError(
        f"region {region!r}: not known where in the world it is; name it as AWS or Google do "
        "(us-, eu-, ap-, ...), or use the region none, which has everybody's conversations"
    )
