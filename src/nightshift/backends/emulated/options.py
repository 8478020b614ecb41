"""What one emulated engine is started with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import orjson

from nightshift.engine.profiles import PROFILES, DeviceProfile
from nightshift.errors import UserError


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """`speed` divides every step time; `seed` must be the same in all replicas of a fleet."""

    profile: DeviceProfile
    model: str
    speed: float = 1.0
    seed: int = 0
    replica_id: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.speed < math.inf:  # false for NaN too
            raise UserError(f"speed must be a number above 0, not {self.speed}; 1 is real time")


def profile_named(name: str) -> DeviceProfile:
    """Return the profile of this name, or of the file that `nightshift engine fit` wrote (`*.json`).

    Raises UserError with the names that there are, or for what is wrong with the file.
    """
    if name in PROFILES:
        return PROFILES[name]
    if not name.endswith(".json"):
        raise UserError(f"no engine profile {name!r}; there are {', '.join(PROFILES)}, or a file *.json")
    try:
        values = orjson.loads(Path(name).read_bytes())
    except OSError as error:
        raise UserError(f"cannot read the engine profile {name}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise UserError(f"{name}:{error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(values, dict):
        raise UserError(f"{name}: not an engine profile; write one with `nightshift engine fit`")
    return profile_of(values, name)


def profile_of(values: Mapping[str, object], where: str) -> DeviceProfile:
    """Return the profile that these values describe, as `nightshift engine fit` writes them.

    What is no field of a profile is passed over (a fitted one says more about itself). Raises `UserError`
    that begins with `where` for a field that is missing or not of its kind.
    """
    from pydantic import TypeAdapter, ValidationError

    names = {field.name for field in fields(DeviceProfile)}
    given = {name: value for name, value in values.items() if name in names}
    try:
        profile = TypeAdapter(DeviceProfile).validate_json(orjson.dumps(given), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    for name, value in given.items():
        if isinstance(value, int | float) and value < 0:
            raise UserError(f"{where}: {name}: {value} is below 0")
    return profile
