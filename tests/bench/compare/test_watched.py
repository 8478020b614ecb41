"""Given endpoints are asked what they are; what cannot be sampled is said; strangers see no secret."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import pytest
from aiohttp import ClientSession
from tests.bench.served import served

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.presets import preset
from nightshift.balancing.snapshot import snapshot
from nightshift.bench.compare.given import Source, Target
from nightshift.bench.compare.watched import look, watched

SECRET = "x-nightshift-peer-token"
LOAD = b"vllm:num_requests_waiting 2\nvllm:num_requests_running 7\nvllm:kv_cache_usage_perc 0.5\n"


class Handler(BaseHTTPRequestHandler):
    server: "Fake"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass

    def do_GET(self) -> None:
        self.server.shown.append((self.path, self.headers.get(SECRET)))
        page = self.server.pages.get(self.path)
        refused = self.path == "/nightshift/state" and self.headers.get(SECRET) != self.server.secret
        self.send_response(404 if page is None else 403 if refused else 200)
        self.end_headers()
        self.wfile.write(b"" if page is None or refused else page)


class Fake(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, pages: Mapping[str, bytes], secret: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages, self.secret = pages, secret
        self.shown: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


def serving(pages: Mapping[str, bytes], secret: str = "") -> AbstractContextManager[Fake]:
    return served(Fake(pages, secret))


def balancer_pages(name: str, region: str, owner: str = "vllm") -> dict[str, bytes]:
    """What a balancer with two replicas shows: its own snapshot, as the proxy adds to it."""
    switches = preset("nightshift").switches
    assert switches is not None
    core = Balancer(name=name, switches=switches, rng=Random(0))
    replicas = [f"{region}-1", f"{region}-2"]
    core.targets_changed(0.0, replicas=replicas, peers=[], replica_regions=dict.fromkeys(replicas, region))
    state = {**snapshot(core, 0.0), "region": region, "counters": {"handed_over": 3}}
    return {
        "/nightshift/health": json.dumps({"status": "ok", "name": name, "region": region}).encode(),
        "/nightshift/state": json.dumps(state).encode(),
        "/v1/models": json.dumps({"data": [{"id": "m", "owned_by": owner}]}).encode(),
    }


def looked(sources: tuple[Source, ...], tokens: list[str]) -> Any:
    async def once() -> dict[str, Any]:
        async with ClientSession() as http:
            return await look(http, sources, tokens)

    return asyncio.run(once())


def test_balancers_are_sampled_each_with_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHIFT_PEER_TOKEN", "one, two")
    pages = balancer_pages("b-us", "us", owner="nightshift-emulated"), balancer_pages("b-eu", "eu")
    with serving(pages[0], "one") as here, serving(pages[1], "two") as there:
        targets = {"nightshift": Target({"us": here.address, "eu": there.address, "sa": here.address})}
        found = watched(targets)["nightshift"]
        said = looked(found.sources, ["one", "two"])
    assert [(one.address, one.secret) for one in found.sources] == [(here.address, 0), (there.address, 1)]
    assert found.note == (
        "System nightshift: samples are what the balancers that clients ask say of themselves and of their "
        "replicas"
    )
    assert found.emulated
    assert found.engine == "emulated, as it says of itself"
    assert set(said["replicas"]) == {"us-1", "us-2", "eu-1", "eu-2"}
    assert set(said["replicas"]["us-1"]) == {"region", "pending", "running", "kv_use"}
    assert said["balancers"] == {
        region: {"queue": 0, "outstanding": 0, "handed_over": 3} for region in ("us", "eu")
    }


def test_an_engine_and_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHIFT_PEER_TOKEN", "secret")
    with serving({"/metrics": LOAD}) as engine, serving({"/metrics": b"<html>"}) as stranger:
        targets = {"a": Target({"us": engine.address}), "b": Target({"us": f"http://{stranger.address}/v1"})}
        found = watched(targets)
        said = looked(found["a"].sources, [])
        assert {secret for _, secret in engine.shown + stranger.shown} == {None}, (
            "a secret went to a stranger"
        )
    assert said == {
        "replicas": {engine.address: {"region": "us", "pending": 2, "running": 7, "kv_use": 0.5}},
        "balancers": {},
    }
    assert found["a"].note == ""
    assert found["b"].sources == ()
    assert (
        f"System b: queues and outstanding requests were not sampled: http://{stranger.address}/v1 tells"
        in (found["b"].note)
    )
    assert not found["b"].emulated


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "; set NIGHTSHIFT_PEER_TOKEN to its service's secret"),
        ("wrong", " that takes no secret of NIGHTSHIFT"),
    ],
)
def test_a_balancer_that_keeps_to_itself(monkeypatch: pytest.MonkeyPatch, given: str, why: str) -> None:
    monkeypatch.setenv("NIGHTSHIFT_PEER_TOKEN", given)
    with serving(balancer_pages("b", "us"), "right") as server:
        found = watched({"s": Target({"us": server.address}, note="as it is")})["s"]
    assert found.sources == ()
    assert found.note.startswith("as it is. System s: queues and outstanding requests were not sampled: ")
    assert f"is a balancer of Nightshift{why}" in found.note


def test_a_source_that_falls_silent_is_left_out() -> None:
    with serving(balancer_pages("b", "us"), "right") as server:
        sources = (
            Source(server.address, "us", is_balancer=True),
            Source("127.0.0.1:1", "eu", is_balancer=True),
        )
        assert set(looked(sources, ["right"])["balancers"]) == {"us"}
    assert looked(sources, ["right"]) == {"replicas": {}, "balancers": {}}


def test_services_that_are_known_are_not_asked() -> None:
    known = {"s": Target({"us": "127.0.0.1:1"}, service="svc1")}
    assert watched(known) == known
