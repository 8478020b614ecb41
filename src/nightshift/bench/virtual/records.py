"""What a simulated client saw of a request, as the live client records it. Pure.

What only a network has is not made up: there are no response headers.
"""

from collections.abc import Callable, Iterator, Sequence

from nightshift.bench.records import RequestRecord
from nightshift.bench.virtual.pieces import Pieces
from nightshift.simulate.requests import Served


def records_of(
    served: Sequence[Served], pieces_of: Callable[[Served], Pieces], end_s: float
) -> Iterator[RequestRecord]:
    """Yield the records in the order in which requests ended; one at a time, since gaps are many."""
    for one in sorted(served, key=lambda one: (end_s if one.over is None else one.over, one.sent, one.id)):
        yield _record(one, pieces_of(one), end_s)


def _record(one: Served, pieces: Pieces, end_s: float) -> RequestRecord:
    finished = one.end is not None
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
        output_tokens=pieces.tokens,
        cached_tokens=one.cached_tokens if finished else None,
        itl_s=pieces.gaps_s,
        itl_mean=pieces.mean_s,
        itl_max=pieces.longest_s,
        # The head of an answer, which a client has with the first content, says the rest.
        balancer=one.balancer if answered else None,
        replica=one.replica or None if answered else None,
        served_by=one.served_by or None if answered else None,
        hops=one.hops if answered else None,
        queued_s=one.queued_s if answered else None,
        matched=one.matched if answered else None,
    )
