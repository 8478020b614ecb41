"""The claims and what came, as a table of Markdown: `results.md` beside the results of the parts."""

from collections.abc import Iterator, Mapping, Sequence

from nightshift.bench.paper.claims import Row
from nightshift.bench.paper.plan import Part
from nightshift.bench.results import Json

_TITLES = (
    "system", "weighted token/s", "TTFT p50", "TTFT p90", "E2E p50", "hit rate", "handed over", "failed",
)  # fmt: skip


def results_page(parts: Sequence[Part], summaries: Mapping[str, Json], rows: Sequence[Row]) -> str:
    """Return the page: how it was run, the claims, and the main figures of each part."""
    return "\n".join([*_head(parts, summaries), *_claims(rows), *_parts(parts, summaries)]) + "\n"


def _head(parts: Sequence[Part], summaries: Mapping[str, Json]) -> Iterator[str]:
    ran = [part for part in parts if part.name in summaries]
    yield "# The paper's evaluation, redone"
    yield ""
    yield (
        "Emulated engines (Llama 3.1 8B on an L4), an emulated WAN. All but the part `live` ran in virtual "
        "time: the code that decides is the one that serves, but no socket was opened. In virtual time the "
        "sglang-router is emulated by switches of ours; the GKE gateway is emulated everywhere."
    )
    yield ""
    for part in ran:
        summary = summaries[part.name]
        clients = ", ".join(f"{one.name} {one.replicas} replicas {one.users} users" for one in part.regions)
        yield (
            f"- `{part.name}`: {part.workload}, {clients}; {part.duration_s:g} s, the first "
            f"{part.warmup_s:g} left out; {summary.get('repetitions', 1)} repetitions; "
            f"{summary.get('data', '')}. {part.note}".rstrip()
        )
    yield ""


def _claims(rows: Sequence[Row]) -> Iterator[str]:
    yield "| figure | what | the paper | here | |"
    yield "| --- | --- | ---: | ---: | --- |"
    for row in rows:
        claim = row.claim
        paper = _range(claim.low, claim.high, claim.unit)
        ours = (
            ""
            if row.ours_low is None or row.ours_high is None
            else _range(row.ours_low, row.ours_high, claim.unit)
        )
        yield f"| {claim.figure} | {claim.text} | {paper} | {ours} | {row.verdict} |"
    yield ""


def _range(low: float, high: float, unit: str) -> str:
    shape = "{:.1f}" if unit == "%" else "{:.2f}"
    ends = dict.fromkeys([shape.format(low), shape.format(high)])
    return f"{' to '.join(ends)} {unit}"


def _parts(parts: Sequence[Part], summaries: Mapping[str, Json]) -> Iterator[str]:
    for part in parts:
        if part.name not in summaries:
            continue
        yield f"## {part.name}"
        yield ""
        yield f"| {' | '.join(_TITLES)} |"
        yield "| --- |" + " ---: |" * (len(_TITLES) - 1)
        for row in summaries[part.name]["systems"]:
            yield "| " + " | ".join(_cells(row)) + " |"
        yield ""


def _cells(row: Json) -> Iterator[str]:
    low, high = (row.get("intervals") or {}).get("weighted_token_per_s", (None, None))
    spread = "" if low is None or high is None else f" ({low:,.0f} to {high:,.0f})"
    yield str(row["legend"])
    yield f"{row['weighted_token_per_s']:,.0f}{spread}"
    for name, part in (("ttft_s", "p50"), ("ttft_s", "p90"), ("e2e_s", "p50")):
        yield "–" if row.get(name) is None else f"{row[name][part]:.2f} s"
    yield "–" if row.get("prefix_hit_rate") is None else f"{row['prefix_hit_rate']:.1%}"
    yield f"{row['handed_over']:,.0f}"
    yield f"{row['failed']:,.0f}"
