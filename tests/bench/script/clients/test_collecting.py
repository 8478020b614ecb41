"""From jobs to a result folder, and what is said of one that is not whole."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.bench.script.clients.stand_in import START, StandIn, record

from nightshift.bench.records import RequestRecord
from nightshift.bench.script.clients.collecting import Collected, collect
from nightshift.control.providers.base import ProviderError

GOOD = [record(1, 5), record(2, 58)]


@pytest.fixture
def clients(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path / "there")


def gather(
    clients: StandIn, to: Path, *regions: str, samples: Path | None = None, broke_off: str = ""
) -> dict[str, Any]:
    what = Collected("job", regions or ("a", "b"), to, samples, speed=6.0, duration_s=60.0)
    return asyncio.run(collect(clients, what, broke_off))


def whole(clients: StandIn, records: list[RequestRecord] | None = None) -> None:
    for region in ("a", "b"):
        clients.leave(region, GOOD if records is None else records)


def test_all_files_of_all_regions(clients: StandIn, tmp_path: Path) -> None:
    whole(clients)
    to = tmp_path / "rep-1"
    done = gather(clients, to)
    assert (done["state"], done["why"], done["seconds"], done["seed"]) == ("finished", None, 10.0, 7)
    assert done == orjson.loads((to / "done.json").read_bytes())
    names = sorted(path.name for path in to.iterdir())
    assert names == sorted(
        [
            *("done.json", "logs", "records-a.jsonl", "records-b.jsonl"),
            *(f"{what}-{region}.json" for region in "ab" for what in ("client", "job")),
        ]
    )
    assert "last line of b" in (to / "logs" / "client-b.log").read_text()


def test_a_region_that_cannot_be_reached_leaves_the_others(clients: StandIn, tmp_path: Path) -> None:
    clients.leave("a", GOOD)
    done = gather(clients, tmp_path / "rep-1")
    assert (done["state"], done["why"]) == ("partial", "b cannot be reached")
    assert (tmp_path / "rep-1" / "records-a.jsonl").exists()


def test_no_region_at_all_is_no_result(clients: StandIn, tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="no region has results: a cannot be reached; b cannot"):
        gather(clients, tmp_path / "rep-1")
    assert not (tmp_path / "rep-1" / "done.json").exists()


def test_a_client_that_was_killed_has_no_account(clients: StandIn, tmp_path: Path) -> None:
    clients.leave("a", GOOD, account=False)
    assert "a has no account of its client" in gather(clients, tmp_path / "rep-1", "a")["why"]


def test_a_client_that_was_interrupted(clients: StandIn, tmp_path: Path) -> None:
    clients.leave("a", GOOD, interrupted=True)
    assert "interrupted after 60 s" in gather(clients, tmp_path / "rep-1", "a")["why"]


def test_a_script_that_broke_off(clients: StandIn, tmp_path: Path) -> None:
    whole(clients)
    assert gather(clients, tmp_path / "rep-1", broke_off="status 143")["why"] == "status 143"


def test_a_service_that_died_in_the_middle(clients: StandIn, tmp_path: Path) -> None:
    whole(
        clients, [record(1, 20), record(21, 22, "connection refused"), record(23, 24, "connection refused")]
    )
    why = gather(clients, tmp_path / "rep-1")["why"]
    assert why == "nothing was answered after 20 s, and 4 requests failed since"


def test_a_service_that_never_answered(clients: StandIn, tmp_path: Path) -> None:
    whole(clients, [record(1, 20, "status 503")])
    assert gather(clients, tmp_path / "rep-1")["why"] == "none of 2 requests was answered"


def test_a_client_that_was_ready_late(clients: StandIn, tmp_path: Path) -> None:
    clients.leave("a", GOOD, late_s=1.5)
    clients.leave("b", GOOD, late_s=0.5)
    why = gather(clients, tmp_path / "rep-1")["why"]
    assert why == "the client of a was ready 2 s (real) after its start; raise LEAD_S"


def test_failures_in_between_are_no_end_of_a_service(clients: StandIn, tmp_path: Path) -> None:
    whole(clients, [record(1, 20), record(21, 22, "status 503"), record(23, 59)])
    assert gather(clients, tmp_path / "rep-1")["state"] == "finished"


def test_clocks_that_disagree(clients: StandIn, tmp_path: Path) -> None:
    clients.leave("a", GOOD, start=START + 3)
    clients.leave("b", GOOD, began=START - 9.5)
    why = gather(clients, tmp_path / "rep-1")["why"]
    assert "a began 3 s (real) after b; raise LEAD_S" in why
    assert "the clock of h in b is behind by 7.5 s at least" in why


def test_a_second_apart_is_together_enough(clients: StandIn, tmp_path: Path) -> None:
    clients.leave("a", GOOD, start=START + 0.9)
    clients.leave("b", GOOD)
    assert gather(clients, tmp_path / "rep-1")["state"] == "finished"


def test_samples_of_the_run_alone_on_its_own_clock(clients: StandIn, tmp_path: Path) -> None:
    whole(clients)
    samples = tmp_path / "samples"
    times = (START - 1, START, START + 2.5, START + 10, START + 10.5)
    lines = [orjson.dumps({"time": time, "replicas": {}, "balancers": {"a": {"queue": 1}}}) for time in times]
    samples.write_bytes(b"\n".join(lines) + b'\n{"time": 10')
    gather(clients, tmp_path / "rep-1", samples=samples)
    found = [orjson.loads(line) for line in (tmp_path / "rep-1" / "samples.jsonl").read_bytes().splitlines()]
    assert [one["t"] for one in found] == [0, 15, 60]
    assert found[0]["balancers"] == {"a": {"queue": 1}}


def test_collected_again_it_is_as_it_is_now(clients: StandIn, tmp_path: Path) -> None:
    clients.leave("a", GOOD)
    assert gather(clients, tmp_path / "rep-1")["state"] == "partial"
    clients.leave("b", GOOD)
    assert gather(clients, tmp_path / "rep-1")["state"] == "finished"
