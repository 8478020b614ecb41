"""What is configured is in force: keys, admin API, TLS, the service's tokens, on a balancer that serves."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import orjson
from tests.proxy.access.conftest import authority as authority_fixture
from tests.proxy.conftest import CREDENTIALS

from nightshift.proxy.access.key_files import digest_of
from nightshift.proxy.configuration import Configuration
from nightshift.proxy.console import ServerConsole
from nightshift.proxy.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proxy.access.conftest import Authority, Files
    from tests.proxy.conftest import Play, World

authority = authority_fixture
KEY = "ns-" + "k" * 43
BEARER = f"Authorization: Bearer {KEY}\r\n"


def key(**more: object) -> dict[str, object]:
    return {"id": "alice", "sha256": digest_of(KEY), **more}


def test_only_who_has_a_key_is_served_and_the_engine_does_not_see_it(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, keys=[key(models=["m"])])
        wire = await balancer.connect()
        for shown, status in (("", 401), ("Authorization: Bearer wrong\r\n", 401)):
            wire.chat(more=shown)
            response = await wire.response()
            assert (response.status, response.json()["error"]["code"]) == (status, "invalid_api_key")
        wire.chat(more=BEARER, model="other")
        assert (await wire.response()).status == 403
        wire.chat(more=BEARER)
        asked = await engine.request()
        assert "authorization" not in asked.headers
        asked.answer_json({})
        assert (await wire.response()).status == 200
        wire.get("/health")
        assert (await wire.response()).status == 200, "probes of a load balancer have no key"
        for path in ("/v1/models", "/v1/models/m"):
            wire.get(path)
            assert (await wire.response()).status == 401
        wire.get("/v1/models", BEARER)
        assert (await wire.response()).status == 200
        metrics = balancer.server.parts.metrics
        assert metrics.refusals["invalid_api_key"] == 4

    play(scene)


def test_who_has_no_key_is_told_before_the_body(play: Play) -> None:
    async def scene(world: World) -> None:
        balancer = await world.balancer(await world.engine(), keys=[key()])
        wire = await balancer.connect()
        wire.send(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
        assert (await wire.response()).status == 401

    play(scene)


def test_limits_of_a_key(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine, keys=[key(requests_per_minute=1, tokens_per_minute=1000)])
        wire = await balancer.connect()
        wire.chat(more=BEARER)
        (await engine.request()).answer_json({"usage": {"total_tokens": 900}})
        response = await wire.response()
        assert response.headers["x-ratelimit-limit-requests"] == "1"
        wire.chat(more=BEARER)
        response = await wire.response()
        assert (response.status, response.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        assert int(response.headers["retry-after"]) >= 1
        assert int(response.headers["x-ratelimit-remaining-tokens"]) <= 101, "settled by what was used"

    play(scene)


def test_keys_are_read_again_without_a_gap(play: Play, tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        file = tmp_path / "keys"
        file.write_bytes(orjson.dumps(key()))
        balancer = await world.balancer(engine, keys_file=str(file))
        wire = await balancer.connect()
        wire.chat(more=BEARER)
        asked = await engine.request()
        file.write_bytes(orjson.dumps({"id": "bob", "sha256": "0" * 64}))
        balancer.server.reload(balancer.server.settings)
        asked.answer_json({})
        assert (await wire.response()).status == 200, "what was let in stays in"
        wire.chat(more=BEARER)
        assert (await wire.response()).status == 401

    play(scene)


def test_the_console_answers_from_the_running_balancer(play: Play, tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        engine, other = await world.engine(), await world.engine()
        balancer = await world.balancer(engine, other, switches={"replica_policy": "round_robin"})
        file = tmp_path / "balancer.json"
        console = ServerConsole(balancer.server, Configuration(balancer.server, file))
        wire = await balancer.connect()
        wire.chat("a secret of mine")
        (await engine.request()).answer_json({})
        await wire.response()
        decision = console.decisions(10)[0]
        assert (decision["action"], decision["target"], decision["reason"]) == (
            "forward",
            "here-0",
            "round_robin",
        )
        assert {candidate["id"] for candidate in decision["candidates"]} == {"here-0", "here-1"}
        assert b"secret of mine" not in orjson.dumps([decision, console.state(), console.config()])
        page, _ = await console.metrics("text/plain")
        assert b'nightshift_requests_total{outcome="completed",status="200"} 1.0' in page
        assert b'target="here-0"' in page
        drained = console.drain_replica("here-1", draining=True)
        assert (drained.draining, drained.outstanding) == (True, 0)
        for _ in range(2):
            wire.chat()
            (await engine.request()).answer_json({})
            assert (await wire.response()).headers["x-nightshift-replica"] == "here-0"
        assert console.health()["status"] == "ok"
        file.write_bytes(orjson.dumps(settings_of(balancer.server.settings, limits={"body_bytes": 10})))
        assert console.reload() == ["limits"]
        wire = await balancer.connect()
        wire.chat()
        assert (await wire.response()).status == 413

    play(scene)


def settings_of(settings: Settings, **changed: object) -> dict[str, Any]:
    return {**settings.model_dump(mode="json"), "peer_token": list(settings.peer_token), **changed}


def test_tls_is_served_and_its_certificate_replaced_while_a_stream_runs(
    play: Play, authority: Callable[[], Authority]
) -> None:
    async def scene(world: World) -> None:
        ca = authority()
        files = ca.issue()
        engine = await world.engine()
        tls = {"certificate": str(files.certificate), "key": str(files.key)}
        balancer = await world.balancer(engine, tls=tls, over=ca.path)
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        await wire.head()
        assert await wire.chunk() == b"data: 1\n\n"
        first = serial(wire.writer)
        fresh = ca.issue()
        files.certificate.write_bytes(fresh.certificate.read_bytes())
        files.key.write_bytes(fresh.key.read_bytes())
        balancer.server.reload(balancer.server.settings)
        asked.chunk(b"data: 2\n\n")
        assert await wire.chunk() == b"data: 2\n\n"
        asked.end_stream()
        assert await wire.chunk() == b""
        assert serial((await balancer.connect()).writer) != first

    play(scene)


def serial(writer: asyncio.StreamWriter) -> str:
    found: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate = found.getpeercert()
    assert certificate is not None
    return str(certificate["serialNumber"])


def test_tokens_rotate_without_losing_the_peers(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        here = await world.balancer(name="here")
        there = await world.balancer(engine, name="there")
        await world.introduce(here, [], [there])
        await world.introduce(there, [engine], [here])
        await world.heard_from(here, 0, 1)
        old = CREDENTIALS.split()[1]
        for tokens in ([old, "a-new-secret"], ["a-new-secret", old]):
            for balancer in (here, there):
                server = balancer.server
                settings = settings_of(server.settings, peer_token=tokens)
                settings["replicas"] = [{"id": "there-0", "address": engine.address}] * (balancer is there)
                peer = there if balancer is here else here
                settings["peers"] = [{"id": peer.server.settings.name, "address": peer.address}]
                server.reload(Settings.model_validate(settings))
        await world.heard_from(here, 0, 1)
        wire = await here.connect()
        wire.chat()
        (await engine.request()).answer_json({})
        assert (await wire.response()).headers["x-nightshift-hops"] == "1"
        assert there.server.parts.tokens.false_claims == 0

    play(scene)


def test_a_hand_over_between_balancers_that_show_each_other_certificates(
    play: Play, authority: Callable[[], Authority]
) -> None:
    async def scene(world: World) -> None:
        service_ca, strangers_ca = authority(), authority()
        engine = await world.engine()

        def tls(peer_files: Files) -> dict[str, Any]:
            files = service_ca.issue()  # what a peer checks is what clients see, too
            return {
                "tls": {"certificate": str(files.certificate), "key": str(files.key)},
                "peer_tls": {
                    "ca": str(service_ca.path),
                    "certificate": str(peer_files.certificate),
                    "key": str(peer_files.key),
                },
            }

        here = await world.balancer(name="here", over=service_ca.path, **tls(service_ca.issue()))
        there = await world.balancer(engine, name="there", over=service_ca.path, **tls(service_ca.issue()))
        stranger = await world.balancer(name="stranger", over=service_ca.path, **tls(strangers_ca.issue()))
        for balancer in (here, stranger):
            settings = settings_of(balancer.server.settings)
            settings["peers"] = [{"id": "there", "address": f"https://{there.address}"}]
            balancer.server.reload(Settings.model_validate(settings))
        await world.heard_from(here, 0, 1)
        wire = await here.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        asked.begin_stream()
        asked.chunk(b"data: 1\n\n")
        asked.end_stream()
        response = await wire.response()
        assert (response.body, response.headers["x-nightshift-hops"]) == (b"data: 1\n\n", "1")
        probe = await there.connect()
        probe.get("/nightshift/report", CREDENTIALS)
        refused = await probe.response()
        assert refused.status == 403, "the token alone is not enough"
        assert b"certificate" in refused.body
        health = await stranger.connect()
        health.get("/health")
        assert (await health.response()).json()["peers"] == 0

    play(scene)


def test_a_drain_that_an_operator_asked_for_cuts_off_what_outlives_it(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        console = ServerConsole(balancer.server, Configuration(balancer.server, None))
        wire = await balancer.connect()
        wire.chat(stream=True)
        asked = await engine.request()
        assert console.drain(0.05) == 0.05
        await asked.abandoned()
        assert console.health()["status"] == "draining"

    play(scene)
