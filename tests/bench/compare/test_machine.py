"""The description of the machine is plain data and not empty."""

import orjson

from nightshift.bench.compare.machine import describe_machine


def test_machine() -> None:
    said = orjson.loads(orjson.dumps(describe_machine()))
    assert said["cores"] >= 1
    assert said["python"].startswith("3.")
    assert said["processor"]
