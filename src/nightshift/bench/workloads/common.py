"""What the arguments of every workload have in common, and where its data came from."""

from pydantic import BaseModel, ConfigDict, Field

from nightshift.bench.workloads.shares import SHARE_PATTERN


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


class DataArguments(CommonArguments):
    """Those of a workload whose data may be real."""

    data_path: str | None = Field(
        default=None,
        description="Real data: a JSONL or Parquet file, hf for the data set on Hugging Face (needs extra "
        "data and HF_TOKEN), or hf:OWNER/NAME. Without: synthetic.",
    )
    share: str | None = Field(
        default=None,
        pattern=SHARE_PATTERN,
        description="Which share of real data this region takes: 0/2 and 1/2 halve it. Without: a third.",
    )


class ChatArguments(DataArguments):
    """Those of a workload of chats."""

    ignore_eos: bool = Field(
        default=True,
        description="Answers get exactly as long as in the data set, else as long as the engine makes them.",
    )
