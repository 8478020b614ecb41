"""What one emulated engine is started with."""

import math
from dataclasses import dataclass

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
    """Return the profile; raises UserError with the names that there are."""
    if name not in PROFILES:
        raise UserError(f"no engine profile {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]
