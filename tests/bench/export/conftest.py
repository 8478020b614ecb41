"""Records of every outcome."""

from dataclasses import replace

import pytest
from tests.bench.asked import ASKED

from nightshift.bench.records import RequestRecord

GOOD = replace(
    ASKED,
    uid="us-1",
    region="us",
    turn=1,
    program_id="talk-1",
    start=10.0,
    scheduled=9.9,
    end=20.0,
    response_start=10.5,
    streaming_start=11.0,
    ttft=1.0,
    e2e_latency=10.0,
    input_tokens=100,
    output_tokens=10,
    cached_tokens=40,
    itl_s=[1.0] * 9,
    itl_mean=1.0,
    balancer="lb-us",
    replica="us-0",
    served_by="us",
    hops=0,
    queued_s=0.2,
)
NO_ANSWER = replace(GOOD, streaming_start=None, ttft=None, e2e_latency=None, output_tokens=0, itl_s=None)


@pytest.fixture
def records() -> dict[str, RequestRecord]:
    return {
        "good": GOOD,
        "quick": replace(GOOD, uid="us-2", start=12.0, end=14.0, ttft=0.5, e2e_latency=2.0),
        "busy": replace(NO_ANSWER, uid="us-3", failed="HTTP 503: busy", input_tokens=None),
        "broken": replace(NO_ANSWER, uid="us-4", failed="ServerDisconnectedError: gone"),
        "cut": replace(NO_ANSWER, uid="us-5", unfinished=True, program_id="talk-2", ttft=2.5),
        "early": replace(GOOD, uid="us-0", start=1.0, end=3.0, ttft=0.5, e2e_latency=2.0),
    }
