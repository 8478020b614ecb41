"""`trace` plays files of three formats at their times; made traces have the published statistics."""

from collections import Counter
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from statistics import fmean, quantiles

import orjson
import pytest

from nightshift.bench.workloads import Program, workload
from nightshift.bench.workloads.trace_formats import Entry, read_trace, shared_block_share
from nightshift.bench.workloads.trace_made import MADE, made_trace
from nightshift.errors import UserError


def mooncake(entries: list[Entry]) -> str:
    rows = [
        {
            "timestamp": round(one.at_s * 1000),
            "input_length": one.input_tokens,
            "output_length": one.output_tokens,
            "hash_ids": [int(block) for block in one.blocks],
        }
        for one in entries
    ]
    return "\n".join(orjson.dumps(row).decode() for row in rows)


def burstgpt(entries: list[Entry]) -> str:
    head = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type"
    rows = [
        f"{e.at_s},{e.session or ''},1.0,GPT-4,{e.input_tokens},{e.output_tokens},"
        f"{e.input_tokens + e.output_tokens},Conversation log"
        for e in entries
    ]
    return "\n".join([head, *rows])


def azure(entries: list[Entry]) -> str:
    rows = [f"2023-11-16 18:15:{e.at_s:010.7f},{e.input_tokens},{e.output_tokens}" for e in entries]
    return "\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows])


ENTRIES = [
    Entry(3.0, 700, 20, ("0", "1"), "s1"),
    Entry(1.0, 600, 10, ("0", "2"), "s1"),
    Entry(5.5, 1100, 30, ("0", "1", "7"), None),
]
WAYS = {"mooncake": (mooncake, ".jsonl"), "burstgpt": (burstgpt, ".csv"), "azure": (azure, ".csv")}


def written(tmp_path: Path, name: str, more: str = "") -> str:
    write: Callable[[list[Entry]], str]
    write, ending = WAYS[name]
    path = tmp_path / f"{name}{ending}"
    path.write_text(write(ENTRIES) + "\n" + more)
    return str(path)


def played(path: str, **arguments: object) -> list[Program]:
    load = workload("trace", {"data_path": path, "share": "0/1", **arguments})
    return sorted((p for own in load.users("a") for p in own), key=lambda p: p.start_s or 0)


@pytest.mark.parametrize("name", WAYS)
def test_each_format_is_played_at_its_times(tmp_path: Path, name: str) -> None:
    programs = played(written(tmp_path, name), num_users=2)
    assert [one.start_s for one in programs] == pytest.approx([0.0, 2.0, 4.5])
    calls = [one.first()[0] for one in programs]
    assert [len(call.messages[0]["content"]) // 4 for call in calls] == [600, 700, 1100]
    assert [call.max_tokens for call in calls] == [10, 20, 30]
    assert not programs[0].answered(calls[0], "Yes.")


def test_scale_stretches_time_and_the_run(tmp_path: Path) -> None:
    path = written(tmp_path, "azure")
    assert [one.start_s for one in played(path, scale=0.5)] == pytest.approx([0.0, 1.0, 2.25])
    assert workload("trace", {"data_path": path, "scale": 10}).duration_s == pytest.approx(45 + 60)


def test_blocks_are_the_same_text_wherever_they_come(tmp_path: Path) -> None:
    second, third = (
        one.first()[0].messages[0]["content"] for one in played(written(tmp_path, "mooncake"))[1:]
    )
    assert second == third[: len(second)]
    first = played(written(tmp_path, "mooncake"))[0].first()[0].messages[0]["content"]
    assert first[:2048] == second[:2048]
    assert first[2048:2060] != second[2048:2060]


def test_a_session_s_longer_prompt_begins_with_the_shorter(tmp_path: Path) -> None:
    one, other, alone = played(written(tmp_path, "burstgpt"))
    texts = [program.first()[0].messages[0]["content"] for program in (one, other, alone)]
    assert texts[1].startswith(texts[0])
    assert not texts[2].startswith(texts[0][:12])
    assert one.hash_key == other.hash_key == "ss1"


def test_prompts_may_be_cut(tmp_path: Path) -> None:
    calls = [one.first()[0] for one in played(written(tmp_path, "mooncake"), max_input_tokens=650)]
    assert [len(call.messages[0]["content"]) // 4 for call in calls] == [600, 650, 650]


def test_shares_do_not_meet_and_keep_sessions_whole(tmp_path: Path) -> None:
    path = written(tmp_path, "burstgpt")
    halves = [{one.hash_key for one in played(path, share=share)} for share in ("0/2", "1/2")]
    assert halves == [{"ss1"}, {"a-0"}]
    with pytest.raises(UserError, match="no request of the trace is in the share of a"):
        played(path, share="2/3")


@pytest.mark.parametrize(
    ("name", "line", "why"),
    [
        (
            "mooncake",
            '{"timestamp": 1, "input_length": 5000, "output_length": 1, "hash_ids": [1]}',
            "1 hash_ids of",
        ),
        ("mooncake", '{"timestamp": 1}', "no field 'hash_ids'"),
        ("burstgpt", "5,,1.0,GPT-4,many,3,4,log", "could not convert"),
        ("azure", "yesterday,5,5", "Invalid isoformat"),
        ("azure", "5,5", "not as many fields"),
    ],
)
def test_broken_rows_are_skipped_counted_and_shown(tmp_path: Path, name: str, line: str, why: str) -> None:
    trace = read_trace(written(tmp_path, name, line), "auto")
    assert len(trace.entries) == 3
    assert trace.format == name
    assert (
        f"3 of 4 requests; 1 broken rows skipped, the first at line {trace.rows + (name != 'mooncake')}"
        in (trace.text)
    )
    assert why in trace.text


def test_failed_requests_are_skipped_and_counted(tmp_path: Path) -> None:
    trace = read_trace(written(tmp_path, "burstgpt", "9,,1.0,GPT-4,50,0,50,log"), "auto")
    assert "1 without prompt or answer skipped" in trace.text


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("one,two\n1,2\n")
    with pytest.raises(UserError, match="none of its 1 rows is a request; the first at line 2: no field"):
        workload("trace", {"data_path": str(path)}).users("a")


@pytest.mark.parametrize(
    ("name", "inputs", "outputs"),
    [("azure", (1155, 1020, 4083), (211, 129, 451)), ("mooncake", (12_035, 6909, 39_600), (343, 350))],
)
def test_made_traces_are_as_long_as_published(
    name: str, inputs: tuple[float, ...], outputs: tuple[float, ...]
) -> None:
    """Mean, median and, where it is known, 95th percentile. Tolerance 6%."""
    entries = list(islice(made_trace(MADE[name], Random(2)), 12_000))
    for field, wanted in (("input_tokens", inputs), ("output_tokens", outputs)):
        values = [getattr(entry, field) for entry in entries]
        cuts = quantiles(values, n=20)
        assert (fmean(values), cuts[9], cuts[18])[: len(wanted)] == pytest.approx(wanted, rel=0.06)
    rate = len(entries) / entries[-1].at_s
    assert rate == pytest.approx(MADE[name].requests_per_s, rel=0.05)


def test_made_mooncake_shares_as_many_blocks_as_published() -> None:
    """36.6% of blocks are in a cache without limit. Tolerance 3 points."""
    entries = list(islice(made_trace(MADE["mooncake"], Random(2)), 12_000))
    assert shared_block_share(iter(entries)) == pytest.approx(0.366, abs=0.03)


def test_a_made_trace_lasts_as_long_as_the_run() -> None:
    load = workload("trace", {"duration": 30, "scale": 0.5, "rate": 4})
    (programs,) = load.users("a")
    starts = [one.start_s for one in programs if one.start_s is not None]
    assert len(starts) == pytest.approx(4 * 60, rel=0.25)
    assert all(one <= other for one, other in pairwise(starts))
    assert starts[-1] < 30
    assert load.data.startswith("synthetic: ")


def test_made_burstgpt_is_as_counted() -> None:
    """Quantiles of lengths within 6 %, of gaps (in whole seconds, as there) exact or within 10 %."""
    entries = list(islice(made_trace(MADE["burstgpt"], Random(2)), 60_000))
    for field, wanted in (("input_tokens", (262, 1824)), ("output_tokens", (36, 276))):
        cuts = quantiles([getattr(entry, field) for entry in entries], n=10)
        assert (cuts[4], cuts[8]) == pytest.approx(wanted, rel=0.06)
    seconds = [int(entry.at_s) for entry in entries]
    gaps = sorted(after - before for before, after in pairwise(seconds))
    assert (gaps[len(gaps) // 2], gaps[len(gaps) * 9 // 10]) == (1, 4)
    assert gaps[len(gaps) * 99 // 100] == pytest.approx(54, rel=0.1)
    assert fmean(gaps) == pytest.approx(3.753, rel=0.06)
    assert len(set(seconds)) / len(seconds) == pytest.approx(0.546, abs=0.03)
    in_a_second = Counter(seconds)
    mean = len(seconds) / (seconds[-1] + 1)
    variance = sum(count**2 for count in in_a_second.values()) / (seconds[-1] + 1) - mean**2
    assert variance / mean == pytest.approx(2.01, rel=0.1)


def test_another_rate_keeps_the_bursts() -> None:
    own, faster = (list(islice(made_trace(MADE["burstgpt"], Random(2), rate), 500)) for rate in (None, 10.0))
    factor = 10.0 * 3.753
    assert [one.at_s / factor for one in own] == pytest.approx([one.at_s for one in faster])


@pytest.mark.parametrize("name", MADE)
def test_a_result_says_what_was_made(name: str) -> None:
    load = workload("trace", {"format": name, "duration": 60})
    assert load.data.startswith("synthetic: filler at ")
    assert name in load.data.lower()
    assert list(load.users("a")[0])
