"""The tables of the parts that are no cells: memory, open streams, choosing a target, processes."""

from collections.abc import Iterator
from typing import Any

from nightshift.bench.proxy.memory import sampled
from nightshift.bench.proxy.table import Table, figure, number

_MARKS = (0.1, 0.2, 0.3, 0.5, 1.0)
"""Shares of all prompts at which memory is shown."""


def memory_tables(part: dict[str, Any]) -> Iterator[Table]:
    """Yield resident memory by prompts, and its growth."""
    marks = [int(part["prompts"] * share) for share in _MARKS]
    yield Table(
        f"Resident memory while {part['prompts']:,} distinct prompts of 1 kB pass, MB",
        ["contestant", "budget", "before", *(f"{mark:,}" for mark in marks)],
        [_memory_line(row, marks) for row in part["rows"]],
        note="A dash: fewer prompts were sent to this one, because it takes longer for them.",
    )
    yield Table(
        "Growth for each prompt, bytes",
        ["contestant", "over the first prompts", "over the later half", "prompts", "prompts/s", "failed"],
        [
            (
                row["id"],
                number(row["growth_before"]),
                number(row["growth_late"]),
                f"{row['samples'][-1]['prompts']:,}",
                number(row["per_s"]),
                str(row["failed"]),
            )
            for row in part["rows"]
        ],
        ["red" if row["failed"] else "" for row in part["rows"]],
    )


def _memory_line(row: dict[str, Any], marks: list[int]) -> tuple[str, ...]:
    found = [row["samples"][0], *sampled(row["samples"], marks)]
    budget = row["budget_bytes"]
    return (
        row["id"],
        "-" if budget is None else number(budget / 1e6),
        *("-" if sample is None else number(sample["rss_bytes"] / 1e6) for sample in found),
    )


def stream_tables(part: dict[str, Any]) -> Iterator[Table]:
    """Yield what an open stream costs."""
    fewer = part["streams"] < part["asked_streams"]
    yield Table(
        f"{part['streams']:,} streams open at once, {part['chunks']} chunks each, "
        f"{part['gap_ms'] / 1000:g} s apart",
        [
            *("contestant", "open at once", "whole", "lost", "kB/stream", "CPU µs/chunk"),
            *("p50 ms/chunk", "p99 ms/chunk", "RSS MB"),
        ],
        [
            (
                *(row["id"], f"{row['open']:,}", f"{row['whole']:,}", f"{row['lost']:,}"),
                number(row["bytes_per_stream"] / 1e3),
                *(
                    "-" if row[key] is None else number(row[key])
                    for key in ("cpu_us_per_chunk", "latency_p50_ms", "latency_p99_ms")
                ),
                number(row["rss_bytes"] / 1e6),
            )
            for row in part["rows"]
        ],
        ["red" if row["lost"] else "" for row in part["rows"]],
        note=(
            f"{part['asked_streams']:,} were wanted; this system lets a process have no more files open than "
            "these streams take, with a connection on each side."
            if fewer
            else ""
        ),
    )


def choosing_tables(part: dict[str, Any]) -> Iterator[Table]:
    """Yield the cost of a decision for each policy, replicas down and prompts across."""
    sizes = sorted({row["prompt_bytes"] for row in part["rows"]})
    by = {(r["policy"], r["prompts"], r["replicas"], r["prompt_bytes"]): r["us"] for r in part["rows"]}
    ways = list(dict.fromkeys((policy, prompts) for policy, prompts, _, _ in by))
    replicas = sorted({row["replicas"] for row in part["rows"]})
    yield Table(
        "CPU µs for one decision, from the request's arrival to its end",
        ["policy", "prompts", "replicas", *(f"{size:,} bytes" for size in sizes)],
        [
            (policy, prompts, f"{count:,}", *(number(by[policy, prompts, count, size]) for size in sizes))
            for policy, prompts in ways
            for count in replicas
        ],
        words=2,
    )
    keys = {row["prompt_bytes"]: row["us"] for row in part["keys"]}
    yield Table(
        "CPU µs for the key of a prompt, from its parsed body",
        ["", *(f"{size:,} bytes" for size in sizes)],
        [("key", *(number(keys[size]) for size in sizes))],
    )


def process_tables(part: dict[str, Any]) -> Iterator[Table]:
    """Yield throughput by processes."""
    yield Table(
        f"{part['connections']} connections, small hot prompts, {part['cores']} cores for balancer, "
        "load and engine together",
        [
            *("balancer", "requests/s", "speed-up", "cores allow", "CPU µs/request"),
            *("CPU µs of all", "busiest", "failed"),
        ],
        [
            (
                *(row["what"], figure(row["per_s"]), figure(row["speedup"])),
                *(number(row["attainable_per_s"]), figure(row["balancer_us"]), number(row["all_us"])),
                *(f"{row['busiest']['median']:.0%}", str(row["failed"])),
            )
            for row in part["rows"]
        ],
        ["red" if row["failed"] else "" for row in part["rows"]],
        note=(
            "CPU µs of all: for a request, with those of the load and the engine; what the cores allow is "
            "their time over that. Busiest: the share of the balancer's CPU time that one process took."
        ),
    )
