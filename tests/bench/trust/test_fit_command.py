"""The command against the emulated engine over sockets: what it writes is a profile that can be named."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest
from tests.backends.emulated.conftest import Served, with_server  # noqa: F401 - the fixture

from nightshift.backends.emulated.options import profile_named, profile_of
from nightshift.bench.trust.fit_command import fitted
from nightshift.bench.trust.fitting import TERMS
from nightshift.engine.profiles import PROFILES
from nightshift.errors import UserError


def test_a_running_engine_is_asked_and_a_profile_comes_of_it(with_server, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    said: list[str] = []

    async def body(served: Served) -> None:
        profile, found = await fitted(
            served.address, name="mine", slots=2, context=512, kv_tokens=9_000, repeat=1, say=said.append
        )
        path = tmp_path / "mine.json"
        path.write_bytes(orjson.dumps(profile))
        read = profile_named(str(path))
        assert (read.name, read.max_running, read.context_tokens) == ("mine", 2, 512)
        assert read.kv_capacity_tokens == 9_000
        assert {term: getattr(read, term) for term in TERMS} == found.terms
        assert found.equations >= 7
        stats = served.engine.stats()
        assert stats.totals.finished == 5 + 2 * 2  # one stream each, then two at two lengths
        assert "9/9" not in said[-1]
        assert said[-1] == "7/7 probes answered"

    with_server(body)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"base_ns": -1}, "base_ns: -1 is below 0"),
        ({"base_ns": 1.5}, "base_ns: Input should be a valid integer"),
        ({"max_running": True}, "max_running: Input should be a valid integer"),
        ({"name": 3}, "name: Input should be a valid string"),
    ],
)
def test_a_file_that_is_no_profile_is_refused(values: dict[str, object], said: str) -> None:
    whole = asdict(PROFILES["instant"])
    assert profile_of(whole | {"fitted": {}}, "my.json") == PROFILES["instant"]
    with pytest.raises(UserError, match="kv_capacity_tokens"):
        profile_of({"name": "x"}, "my.json")
    with pytest.raises(UserError, match=said) as caught:
        profile_of(whole | values, "my.json")
    assert str(caught.value).startswith("my.json: ")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "b.json"
    broken.write_text("{")
    for path, said in ((tmp_path / "none.json", "No such file"), (broken, "not JSON")):
        with pytest.raises(UserError, match=said):
            profile_named(str(path))


def test_nobody_there_is_said() -> None:
    with pytest.raises(UserError, match="is the service up"):
        asyncio.run(fitted("127.0.0.1:9", name="x"))
