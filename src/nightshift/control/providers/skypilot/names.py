"""A unit's name as a cluster's, and back.

The prefix keeps clusters of a service apart from what else the user has, so that none of his is ever ended.
"""

import re

from nightshift.control.providers.base import Kind

_PREFIX = "nightshift-"
_UNIT = re.compile(r"^(?P<service>.+)-(?P<kind>router|client|r|b)(?P<rest>[0-9]*|-.*)$")


def cluster_name(unit: str) -> str:
    """Return the name of a unit's cluster: of bytes but letters, digits and - it has _ and the hex."""
    plain = re.sub(r"[^A-Za-z0-9-]", lambda found: "".join(f"_{b:02x}" for b in found[0].encode()), unit)
    return _PREFIX + (plain[:-1] + "_2d" if plain.endswith("-") else plain)


def unit_name(cluster: str) -> str | None:
    """Return the unit that a cluster is; None for a cluster that is none of Nightshift's."""
    if not cluster.startswith(_PREFIX):
        return None
    plain = cluster.removeprefix(_PREFIX)
    try:
        read = re.sub(
            r"(?:_[0-9a-f]{2})+", lambda found: bytes.fromhex(found[0].replace("_", "")).decode(), plain
        )
    except UnicodeDecodeError:
        return None
    return read if read and cluster_name(read) == cluster else None


def service_and_kind(unit: str) -> tuple[str, Kind] | None:
    """Return what the name of a unit says, for a cluster whose record was lost."""
    found = _UNIT.match(unit)
    return (found["service"], Kind(found["kind"])) if found else None
