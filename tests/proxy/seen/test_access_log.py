"""One line for each request, and nothing in it that must not be."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightshift.proxy.seen.access_log import AccessLog
from nightshift.proxy.seen.line_writer import LineWriter
from nightshift.proxy.seen.metrics import Metrics
from nightshift.proxy.seen.outcome import CLIENT_GONE, Outcome
from nightshift.proxy.seen.witnesses import make_observer

if TYPE_CHECKING:
    from tests.proxy.seen.conftest import MakeOutcome

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def logged(path: Path, *outcomes: Outcome) -> list[dict[str, object]]:
    log = AccessLog(LineWriter(str(path), lambda lines: None), lambda: datetime(2026, 11, 23, tzinfo=UTC))
    for outcome in outcomes:
        log.began(outcome, [(b"authorization", b"Bearer sk-secret"), (b"traceparent", TRACE)])
        log.ended(outcome)
    log.close()
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_a_line_has_the_decision_and_its_reasons(tmp_path: Path, outcome: "MakeOutcome") -> None:
    path = tmp_path / "log"
    (line,) = logged(
        path,
        outcome(
            model="llama",
            tenant="key-7",
            stream=True,
            target="r-1",
            target_region="eu",
            reason="prefix",
            matched=0.92,
            queued_s=0.0012345678,
            sent_s=0.002,
            first_content_s=0.25,
            duration_s=3.5,
            retries=1,
        ),
    )
    expected = {
        "time": "2026-11-23T00:00:00Z",
        "id": "b-1",
        "model": "llama",
        "tenant": "key-7",
        "status": 200,
        "outcome": "completed",
        "code": None,
        "target": "r-1",
        "target_region": "eu",
        "reason": "prefix",
        "matched": 0.92,
        "queued_s": 0.001235,
        "first_content_s": 0.25,
        "retries": 1,
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    }
    assert expected.items() <= line.items()
    assert b"secret" not in path.read_bytes()


def test_lines_have_the_same_keys_whatever_happened(tmp_path: Path, outcome: "MakeOutcome") -> None:
    gone, well = logged(tmp_path / "log", outcome(status=0, ended=CLIENT_GONE), outcome())
    assert list(gone) == list(well)
    assert gone["status"] is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(path=st.text(st.characters()), model=st.text(st.characters()))
def test_whatever_a_client_sends_is_one_line(
    tmp_path: Path, outcome: "MakeOutcome", path: str, model: str
) -> None:
    (tmp_path / "log").unlink(missing_ok=True)
    (line,) = logged(tmp_path / "log", outcome(path=path, model=model))
    assert len(str(line["path"])) <= 256


def test_half_a_surrogate_pair_is_no_reason_to_fail(tmp_path: Path, outcome: "MakeOutcome") -> None:
    (line,) = logged(tmp_path / "log", outcome(model="a\ud800b"))
    assert line["model"] == "a?b"


def test_the_observer_tells_the_log_only_if_there_is_one(tmp_path: Path, outcome: "MakeOutcome") -> None:
    metrics, path = Metrics(), tmp_path / "log"
    headers = [(b"accept", b"*/*")]
    for access_log in (None, str(path)):
        observer = make_observer(metrics, name="b", region="eu", access_log=access_log)
        one = outcome()
        assert observer.began(one, headers) is headers
        observer.ended(one)
        observer.tick()
        observer.reopen()
        observer.close()
    assert metrics.requests["completed", 200] == 2
    assert len(path.read_bytes().splitlines()) == 1


def test_a_log_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    from nightshift.errors import UserError

    with pytest.raises(UserError, match="access_log: cannot write"):
        make_observer(Metrics(), name="b", region="eu", access_log=str(tmp_path / "no" / "log"))
