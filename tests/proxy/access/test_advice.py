"""A warning for each thing that is not safe, and none where nobody else can reach."""

from pathlib import Path
from typing import Any

import pytest

from nightshift.proxy.access.advice import is_loopback, unsafe
from nightshift.proxy.access.settings import AccessSettings

TLS = {"certificate": Path("c"), "key": Path("k")}


@pytest.mark.parametrize(
    ("access", "host", "peers", "words"),
    [
        ({}, "127.0.0.1", ["http://127.0.0.1:1"], []),
        ({}, "::1", [], []),
        ({}, "0.0.0.0", [], ["everybody", "in clear; set tls"]),
        ({"tls": TLS}, "0.0.0.0", [], ["everybody"]),
        ({"keys_file": Path("f")}, "10.0.0.1", [], ["in clear; set tls"]),
        ({"keys_file": Path("f"), "tls": TLS}, "balancer.example", ["https://10.0.0.1"], []),
        ({}, "127.0.0.1", ["10.0.0.1:80"], ["secret and prompts go to peers"]),
        ({"upstream_tls": {"insecure_skip_verify": True}}, "localhost", [], ["insecure_skip_verify"]),
    ],
)
def test_warnings(access: dict[str, Any], host: str, peers: list[str], words: list[str]) -> None:
    lines = unsafe(AccessSettings.model_validate(access), host, peers)
    assert len(lines) == len(words)
    for line, word in zip(lines, words, strict=True):
        assert word in line
        assert "\n" not in line


def test_loopback() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "", "10.0.0.1", "example.com"))
