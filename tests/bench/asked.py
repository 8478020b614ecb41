"""A request that was asked and has no more than a record must have: tests say the rest of it themselves."""

from nightshift.bench.records import RequestRecord

ASKED = RequestRecord(
    uid="1",
    region="us-east-2",
    user=0,
    turn=0,
    program_id="p",
    hash_key="k",
    start=0.0,
    end=1.0,
    prompt_bytes=400,
)
