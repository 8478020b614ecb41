"""The tables, in a terminal of 80 columns."""

import pytest

from nightshift.wan.tables import print_links


def test_every_number_of_a_link_is_there_in_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lane = {
        "state": "up",
        "one_way_ms": 67.55,
        "bytes": 12_345_600,
        "chunks": 123_456,
        "late_ms": {"p50": 12.34, "p99": 67.89},
    }
    link = {"from": "us-east-2", "to": "ap-northeast-1", "refusing": False, "connections": {"open": 432}}
    name = "us-east-2:ap-northeast-1-balancer"
    print_links(
        {
            "links": [{**link, "name": name, "forward": lane, "back": lane}],
            "cpu_us_per_chunk": 30.1,
            "speed": 1.0,
        }
    )
    lines = capsys.readouterr().out.splitlines()
    forward = next(line for line in lines if "us-east-2 > ap-northeast-1" in line)
    assert forward.split()[-7:] == ["up", "67.55", "432", "12345.6", "123456", "12.34", "67.89"]
    assert not [line for line in lines if "…" in line]
