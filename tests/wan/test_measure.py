import orjson
from typer.testing import CliRunner

from nightshift.wan.command import app


def test_measures_the_direct_way_and_both_delays() -> None:
    arguments = ["measure", "--json", "--connections", "3", "--chunks", "10"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    direct, near, far = orjson.loads(result.output)
    assert (direct["path"], direct["cpu_us_per_chunk"]) == ("direct", None)
    assert (near["asked_ms"], far["asked_ms"]) == (0, 67.5)
    for row in (direct, near, far):
        assert row["chunks"] == 30
        assert 0 <= row["added_ms"]["p50"] <= row["added_ms"]["p99"]
    assert near["cpu_us_per_chunk"] > 0
    assert far["cpu_us_per_chunk"] > 0
