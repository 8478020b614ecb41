"""What stands under the table: lost rows of data are shown there, and nothing is said of whole data."""

from nightshift.bench.compare.account import account


def test_rows_that_were_skipped_are_shown() -> None:
    data = "real: file a.jsonl, 37 of 40 rows; 3 broken rows skipped, the first at line 4: not JSON"
    lines = account({"systems": [], "time": "virtual", "data": data})
    assert lines[0] == f"data: {data}"
    assert not any(
        line.startswith("data") for line in account({"systems": [], "time": "virtual", "data": "x"})
    )
