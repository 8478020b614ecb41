"""What the arguments of every workload have in common, and where its data came from."""

from pydantic import BaseModel, ConfigDict, Field


class CommonArguments(BaseModel):
    """The flags that each workload has; `nightshift bench compare` sets them for each region.

    A field's description is what `--help` says of the flag.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    num_users: int = Field(default=1, ge=1, description="Simulated users of this region.")
    duration: float = Field(
        default=120.0, gt=0, allow_inf_nan=False, description="Seconds that the run lasts."
    )
    seed: str = Field(default="0", description="Same seed and region: same work.")
