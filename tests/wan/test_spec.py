import orjson
import pytest

from nightshift.errors import UserError
from nightshift.wan.spec import parse_spec, split_address

LINK = {"name": "x", "from": "a", "to": "b", "listen": "127.0.0.1:0", "target": "127.0.0.1:9"}


def test_a_minimal_spec_has_defaults() -> None:
    spec = parse_spec(orjson.dumps({"links": [LINK], "control": {"fd": 3}}), "f")
    assert (spec.speed, spec.seed, spec.matrix, spec.jitter_ms) == (1, 0, "aws-2025-05-29", 0)
    assert spec.links[0].from_region == "a"
    assert spec.control is not None
    assert spec.control.listen_fd == 3


def test_links_may_come_later_where_there_is_a_control_api() -> None:
    spec = parse_spec(orjson.dumps({"links": [], "control": {"listen": "127.0.0.1:0"}}), "f")
    assert spec.links == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "f: not JSON"),
        (b"{}", "f: links: Field required"),
        (orjson.dumps({"links": []}), "f: .*links: give at least one"),
        (orjson.dumps({"links": [LINK, LINK]}), "two links are named 'x'"),
        (orjson.dumps({"links": [LINK], "sped": 1}), "f: sped: "),
        (orjson.dumps({"links": [LINK], "speed": 0}), "f: speed: "),
        (orjson.dumps({"links": [{**LINK, "listen_fd": 3}]}), r"f: links\.0: .*either"),
        (orjson.dumps({"links": [LINK], "control": {}}), "f: control: .*either"),
        (orjson.dumps({"links": [LINK], "bandwidth_mbit_s": 0}), "f: bandwidth_mbit_s"),
    ],
)
def test_a_wrong_spec_names_the_key(content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_spec(content, "f")


def test_addresses() -> None:
    assert split_address("127.0.0.1:80", "k") == ("127.0.0.1", 80)
    assert split_address("[::1]:80", "k") == ("::1", 80)
    for wrong in ("80", ":80", "host:", "host:x", "host:70000"):
        with pytest.raises(UserError, match="k: "):
            split_address(wrong, "k")
