"""Settings: each mistake is one line that names the key."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from nightshift.balancing.presets import PRESETS
from nightshift.balancing.switches import PeerRule, Switches
from nightshift.errors import UserError
from nightshift.proxy.settings import Settings, checked_settings, host_and_port, read_settings

GOOD: dict[str, Any] = {"name": "here", "region": "us-east-2"}
REPLICA = {"id": "a", "address": "http://h:1"}


def test_what_is_left_out_has_a_default() -> None:
    settings = checked_settings(GOOD, where="x")
    assert settings.switches == Switches()
    assert settings.limits.body_bytes == 64 * 2**20
    assert settings.probe_interval_s == pytest.approx(0.1)


def test_speed_shortens_the_probe_interval() -> None:
    assert checked_settings({**GOOD, "speed": 20}, where="x").probe_interval_s == pytest.approx(0.005)


def test_every_preset_survives_the_way_through_json() -> None:
    for preset in PRESETS:
        if preset.switches is not None:
            settings = Settings.model_validate({**GOOD, "switches": preset.switches})
            assert Settings.model_validate_json(settings.model_dump_json()) == settings


def test_nested_switches() -> None:
    settings = checked_settings({**GOOD, "switches": {"peer_rule": {"max_queue": 3}}}, where="x")
    assert settings.switches == replace(Switches(), peer_rule=PeerRule(max_queue=3))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\r\nb"}, "name: goes into HTTP headers"),
        ({"nmae": "x"}, "nmae"),
        ({"port": 70000}, "port"),
        ({"speed": 0}, "speed"),
        ({"speed": float("inf")}, "speed"),
        ({"peer_token": "short"}, "peer_token"),
        ({"limits": {"body_bytes": 0}}, "limits.body_bytes"),
        ({"switches": {"acros": "push"}}, "switches: unknown switch 'acros'; known are"),
        ({"switches": {"peer_rule": {"max": 1}}}, "unknown switch 'max'"),
        ({"switches": {"across": "teleport"}}, "switches.across"),
        ({"switches": {"replica_policy": "best"}}, "unknown policy 'best'; known are"),
        (
            {"replicas": [{"id": "a", "address": "ftp://h:1"}]},
            "replicas.0.address: must be http://HOST:PORT",
        ),
        ({"replicas": [{"id": "a", "address": "http://h:1/v1"}]}, "without a path"),
        ({"replicas": [{"id": "a", "address": "http://:1"}]}, "names no host"),
        ({"replicas": [{"id": "a", "address": "http://h:x"}]}, "replicas.0.address"),
        ({"replicas": [{"id": "a", "address": "http://a..b:1"}]}, "'a..b' cannot be the name of a host"),
        ({"replicas": [REPLICA, REPLICA]}, "replicas: the same id twice: a"),
        ({"replicas": [{**REPLICA, "engine": "gpt"}]}, "replicas.0.engine: unknown engine 'gpt'; known are"),
        ({"peers": [REPLICA]}, "no peer_token"),
        ({"peers": [{**REPLICA, "id": "here"}], "peer_token": "a-secret-"}, "this balancer itself"),
    ],
)
def test_a_mistake_names_its_key(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=r"^x: ") as raised:
        checked_settings({**GOOD, **wrong}, where="x")
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_token_is_not_shown() -> None:
    assert "a-secret-" not in repr(checked_settings({**GOOD, "peer_token": "a-secret-"}, where="x"))


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "balancer.json"
    with pytest.raises(UserError, match=r"cannot read .*balancer\.json: No such file"):
        read_settings(path)
    path.write_bytes(b"{")
    with pytest.raises(UserError, match="is not JSON"):
        read_settings(path)
    path.write_bytes(orjson.dumps(GOOD))
    assert read_settings(path).name == "here"


@pytest.mark.parametrize(
    ("address", "expected"),
    [("http://h:1", ("h", 1)), ("h:1", ("h", 1)), ("http://h/", ("h", 80)), ("http://[::1]:5", ("::1", 5))],
)
def test_addresses(address: str, expected: tuple[str, int]) -> None:
    assert host_and_port(address) == expected
