"""What a simulated client saw of a request, as the live client records it. Pure.

What only a network or a real stream has is not made up: there are no response headers and no single gaps
between pieces of content. Their mean is known, since the times of the first and of the last token are.
"""

from collections.abc import Mapping, Sequence

from nightshift.bench.records import RequestRecord
from nightshift.simulate.requests import Served


def records_of(
    served: Sequence[Served], generated: Mapping[str, int], end_s: float
) -> dict[str, list[RequestRecord]]:
    """Return the records of each region in the order in which they ended.

    `generated` has the tokens so far of each request that an engine still worked on at `end_s`.
    """
    found: dict[str, list[RequestRecord]] = {}
    for one in sorted(served, key=lambda one: (end_s if one.over is None else one.over, one.sent, one.id)):
        found.setdefault(one.region, []).append(_record(one, generated.get(one.id, 0), end_s))
    return found


def _record(one: Served, generated: int, end_s: float) -> RequestRecord:
    finished = one.end is not None
    output = one.output_tokens if finished else generated if one.first is not None else 0
    gap = (one.end - one.first) / (output - 1) if one.end and one.first and output > 1 else None
    answered = one.first is not None or one.failed is not None
    return RequestRecord(
        uid=one.id,
        region=one.region,
        user=one.user,
        turn=one.turn,
        program_id=one.program_id,
        hash_key=one.hash_key,
        start=one.sent,
        end=end_s if one.over is None else one.over,
        prompt_bytes=one.prompt_bytes,
        scheduled=one.scheduled,
        response_start=one.over if one.first is None else one.first,
        streaming_start=one.first,
        ttft=one.ttft_s,
        e2e_latency=one.e2e_s,
        failed=one.failed if one.failed is None else f"HTTP {one.failed}",
        unfinished=one.over is None,
        input_tokens=one.input_tokens if finished else None,
        output_tokens=output,
        cached_tokens=one.cached_tokens if finished else None,
        itl_mean=gap,
        # The head of an answer, which a client has with the first content, says the rest.
        balancer=one.balancer if answered else None,
        replica=one.replica or None if answered else None,
        served_by=one.served_by or None if answered else None,
        hops=one.hops if answered else None,
        queued_s=one.queued_s if answered else None,
        matched=one.matched if answered else None,
    )
