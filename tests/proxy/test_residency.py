"""Residency over real sockets: keys, the hop, retries, theft, refusals, and the auditor who trusts nobody."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from nightshift.errors import UserError
from nightshift.proxy.residency import Residency, is_outside, line, told
from nightshift.proxy.settings import Targets, checked_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proxy.conftest import Engine, Play, Response, Running, Wire, World

TOKEN = "a-secret-of-the-service"
FULL = "vllm:num_requests_waiting 3\nvllm:num_requests_running 9\n"
RULES = {"acme": ["eu"], "*": ["us", "eu"]}


def keys(*tenants: str) -> list[dict[str, str]]:
    return [
        {"id": f"{tenant}-1", "tenant": tenant, "sha256": sha256(f"sk-{tenant}".encode()).hexdigest()}
        for tenant in tenants
    ]


def as_tenant(tenant: str) -> str:
    return f"Authorization: Bearer sk-{tenant}\r\n"


def as_peer(more: str = "") -> str:
    return f"x-nightshift-peer: there\r\nx-nightshift-peer-token: {TOKEN}\r\n{more}"


def place(balancer: Running, engines: dict[str, Engine], peers: dict[str, Running]) -> None:
    """Give a balancer one replica in each region, and peers in theirs."""
    targets = {
        "replicas": [{"id": f"r-{r}", "address": e.address, "region": r} for r, e in engines.items()],
        "peers": [
            {"id": p.server.dispatcher.balancer.name, "address": p.address, "region": r}
            for r, p in peers.items()
        ],
    }
    balancer.server.change_targets(Targets.model_validate(targets))


async def us_and_eu(world: World, **settings: Any) -> tuple[Engine, Running, Engine, Running]:
    """Return an engine and a balancer in us, and an engine and a balancer in eu. All are idle."""
    near, far = await world.engine(), await world.engine()
    given = {"residency": RULES, "keys": keys("acme", "other"), **settings}
    here = await world.balancer(name="here", **{**given, "region": "us"})
    there = await world.balancer(name="there", **{**given, "region": "eu"})
    place(here, {"us": near}, {"eu": there})
    place(there, {"eu": far}, {"us": here})
    await world.heard_from(here, 1, 1)
    await world.heard_from(there, 1, 1)
    return near, here, far, there


async def one_of_two_regions(world: World, **settings: Any) -> tuple[Engine, Engine, Running]:
    """Return engines in us and eu, and the one balancer that has both."""
    us, eu = await world.engine(), await world.engine()
    balancer = await world.balancer(**{"residency": {"*": ["eu"]}, **settings})
    place(balancer, {"us": us, "eu": eu}, {})
    await world.heard_from(balancer, 2)
    return us, eu, balancer


def audit(balancer: Running) -> tuple[int, float, int]:
    """Return how many were constrained, refused and violations."""
    metrics = balancer.server.parts.metrics
    return metrics.constrained, metrics.refusals["residency"], metrics.residency_violations


async def answered(wire: Wire, engine: Engine) -> Response:
    (await engine.request()).answer_json({})
    return await wire.response()


def test_a_tenant_is_served_in_its_region_though_a_replica_here_is_idle(play: Play, tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def scene(world: World) -> None:
        near, here, far, there = await us_and_eu(world, access_log=str(log))
        wire = await here.connect()
        wire.chat(more=as_tenant("acme"))
        asked = await far.request()
        assert not any(name.startswith("x-nightshift") for name in asked.headers)
        asked.answer_json({})
        response = await wire.response()
        assert response.headers["x-nightshift-served-by"] == "eu"
        assert response.headers["x-nightshift-region"] == "us", "it passes through, and is served there"
        wire.chat(more=as_tenant("other"))
        assert (await answered(wire, near)).headers["x-nightshift-served-by"] == "us"
        assert audit(here) == (2, 0, 0)
        assert audit(there) == (1, 0, 0), "what was handed over is still bound"

    play(scene)
    lines = [orjson.loads(text) for text in log.read_bytes().splitlines()]
    assert {(entry["tenant"], tuple(entry["residency"])) for entry in lines} == {
        ("acme-1", ("eu",)),  # the first balancer knows who it is
        (None, ("eu",)),  # the second one knows what it was told
        ("other-1", ("eu", "us")),
    }


def test_without_keys_everybody_is_the_same(play: Play) -> None:
    async def scene(world: World) -> None:
        us, eu, balancer = await one_of_two_regions(world)
        wire = await balancer.connect()
        for _ in range(3):
            wire.chat()
            assert (await answered(wire, eu)).headers["x-nightshift-served-by"] == "eu"
        assert us.idle

    play(scene)


def test_the_clients_own_word_is_not_taken(play: Play) -> None:
    async def scene(world: World) -> None:
        us, eu, balancer = await one_of_two_regions(world)
        wire = await balancer.connect()
        wire.chat(more="x-nightshift-residency: us\r\n")
        asked = await eu.request()
        assert "x-nightshift-residency" not in asked.headers
        asked.answer_json({})
        await wire.response()
        wire.chat(more="x-nightshift-peer: there\r\nx-nightshift-residency: us\r\n")
        await answered(wire, eu)
        assert us.idle
        wire.chat(more="x-nightshift-residency: us\r\nx-nightshift-residency: eu\r\n")
        assert (await wire.response()).status == 400, "of two, who knows which counts"

    play(scene)


def test_a_peers_word_counts_and_without_one_the_own_rule(play: Play) -> None:
    async def scene(world: World) -> None:
        us, eu, balancer = await one_of_two_regions(world)
        wire = await balancer.connect()
        wire.chat(more=as_peer("x-nightshift-residency: us\r\n"))
        await answered(wire, us)
        wire.chat(more=as_peer())
        await answered(wire, eu)
        for nowhere in ("mars", "", ","):
            wire.chat(more=as_peer(f"x-nightshift-residency: {nowhere}\r\n"))
            refused = await wire.response()
            assert (refused.status, refused.json()["error"]["code"]) == (503, "no_replica")
        assert us.idle
        assert eu.idle

    play(scene)


def test_a_region_that_nobody_serves_is_refused_for_good(play: Play) -> None:
    async def scene(world: World) -> None:
        us, eu, balancer = await one_of_two_regions(world, residency={"*": ["mars", "asia"]})
        wire = await balancer.connect()
        wire.chat()
        refused = await wire.response()
        error = refused.json()["error"]
        assert (refused.status, error["code"], error["type"]) == (403, "residency", "permission_error")
        assert "only in asia, mars" in error["message"]
        assert "retry-after" not in refused.headers
        assert audit(balancer) == (0, 1, 0)
        assert us.idle
        assert eu.idle

    play(scene)


def test_a_region_that_is_full_or_down_may_be_tried_again(play: Play) -> None:
    async def scene(world: World) -> None:
        us, eu, balancer = await one_of_two_regions(world, switches={"max_queue": 1, "max_queue_s": 0.2})
        eu.page = FULL
        await balancer.until(lambda s: s["replica"]["r-eu"]["pending"] == 3)
        waits, too_many = await balancer.connect(), await balancer.connect()
        waits.chat()
        await balancer.until(lambda s: s["queue"] == 1)
        too_many.chat()
        for wire, code in ((too_many, "queue_full"), (waits, "queue_timeout")):
            refused = await wire.response()
            assert (refused.status, refused.json()["error"]["code"]) == (429, code)
            assert int(refused.headers["retry-after"]) >= 1
        eu.stop()
        await world.heard_from(balancer, 1)
        waits.chat()
        refused = await waits.response()
        assert (refused.status, refused.json()["error"]["code"]) == (503, "no_replica")
        assert us.idle

    play(scene)


def test_a_retry_stays_in_the_region(play: Play) -> None:
    async def scene(world: World) -> None:
        us, eu, balancer = await one_of_two_regions(world)
        wire = await balancer.connect()
        wire.chat()
        (await eu.request()).hang_up()
        assert (await wire.response()).json()["error"]["code"] == "upstream_lost"
        assert us.idle
        assert audit(balancer) == (1, 0, 0)

    play(scene)


@pytest.mark.parametrize("across", ["steal-average", "steal-small"])
def test_a_thief_in_another_region_gets_what_is_not_bound(play: Play, across: str) -> None:
    async def scene(world: World) -> None:
        near, here, far, there = await us_and_eu(
            world,
            switches={"across": across},
            residency={"acme": ["us"]},
        )
        near.page = FULL
        await here.until(lambda s: s["replica"]["r-us"]["pending"] == 3)
        bound = [await here.connect() for _ in range(3)]
        for wire in bound:
            wire.chat("bound", more=as_tenant("acme"))
        await here.until(lambda s: s["queue"] == 3)
        free = await here.connect()
        free.chat("free", more=as_tenant("other"))
        asked = await far.request()
        assert b"free" in asked.body
        asked.answer_json({})
        assert (await free.response()).headers["x-nightshift-served-by"] == "eu"
        near.page = FULL.replace("waiting 3", "waiting 0")
        for _ in bound:
            (await near.request()).answer_json({})
        for wire in bound:
            assert (await wire.response()).headers["x-nightshift-served-by"] == "us"
        assert far.idle
        assert audit(here) == (3, 0, 0)
        assert audit(there) == (0, 0, 0)

    play(scene)


def test_the_rules_can_change_while_it_serves(play: Play) -> None:
    async def scene(world: World) -> None:
        us, eu, balancer = await one_of_two_regions(world)
        wire = await balancer.connect()
        assert balancer.server.change({"residency": {"*": ["us"]}}) == ["residency"]
        wire.chat()
        await answered(wire, us)
        with pytest.raises(UserError, match="residency"):
            balancer.server.change({"residency": {"*": []}})
        balancer.server.change({"residency": {}})
        before = audit(balancer)
        eu.page = FULL
        await balancer.until(lambda s: s["replica"]["r-eu"]["pending"] == 3)
        wire.chat()
        await answered(wire, us)
        assert audit(balancer) == before, "nobody is bound"

    play(scene)


def test_the_auditor_believes_neither_the_core_nor_the_peer(play: Play) -> None:
    async def scene(world: World) -> None:
        us, eu, balancer = await one_of_two_regions(world)
        dispatcher = balancer.server.dispatcher
        wrong = {"r-us": "eu", "r-eu": "us"}  # as a bug in the core would have it
        dispatcher.balancer.targets_changed(
            dispatcher.now(), replicas=dispatcher.replicas, peers=(), replica_regions=wrong
        )
        wire = await balancer.connect()
        wire.chat()
        await answered(wire, us)
        assert audit(balancer) == (1, 0, 1)
        assert eu.idle

    play(scene)


def test_what_a_peer_says_of_its_replica_is_looked_at_too() -> None:
    regions = frozenset({"eu"})
    assert not is_outside(regions, "eu", None)
    assert not is_outside(regions, "eu", b"eu")
    assert is_outside(regions, "us", b"eu")
    assert is_outside(regions, "eu", b"us")


def test_regions_survive_the_header() -> None:
    for names in (("eu",), ("us-east-2", "eu-west-1"), ("a, b", "50%", "x y")):
        name, _, value = line(frozenset(names)).partition(b": ")
        assert name == b"x-nightshift-residency"
        assert told(value.removesuffix(b"\r\n")) == frozenset(names)


def test_a_rule_is_for_a_tenant_or_for_all_others() -> None:
    rules = Residency(RULES)
    assert rules.of("acme") == frozenset({"eu"})
    assert rules.of("other") == rules.of(None) == frozenset({"us", "eu"})
    only_acme = Residency({"acme": ["eu"]})
    assert only_acme.of("other") is only_acme.of(None) is None


@pytest.mark.parametrize("wrong", [{"acme": []}, {"acme": [""]}, {"acme": "eu"}, {"": ["eu"]}, ["eu"]])
def test_a_wrong_rule_names_the_key(wrong: object) -> None:
    with pytest.raises(UserError, match="residency"):
        checked_settings({"name": "b", "region": "us", "residency": wrong}, where="file")
