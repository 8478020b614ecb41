"""Several models in a service: what is listed, and where requests go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.proxy.test_peers import FULL, two_regions

if TYPE_CHECKING:
    from tests.proxy.conftest import Engine, Play, Running, World


async def of_models(world: World, *models: list[str] | None) -> tuple[list[Engine], Running]:
    """Return an engine for each list of models, and their balancer once it knows them."""
    engines = []
    for names in models:
        engine = await world.engine()
        engine.models = names
        engines.append(engine)
    balancer = await world.balancer(*engines)
    known = {f"here-{n}" for n, names in enumerate(models) if names is not None}
    await balancer.until(lambda s: all(s["replica"][id_]["models"] is not None for id_ in known))
    return engines, balancer


def test_the_list_is_merged_over_replicas(play: Play) -> None:
    async def scene(world: World) -> None:
        _, balancer = await of_models(world, ["a", "b"], ["b", "org/c"])
        wire = await balancer.connect()
        wire.get("/v1/models")
        listed = (await wire.response()).json()
        assert listed["object"] == "list"
        assert [card["id"] for card in listed["data"]] == ["a", "b", "org/c"]
        wire.get("/v1/models/org%2Fc")
        assert (await wire.response()).json()["id"] == "org/c"
        wire.get("/v1/models/org/c")
        assert (await wire.response()).json()["id"] == "org/c"
        wire.get("/v1/models/d")
        response = await wire.response()
        assert (response.status, response.json()["error"]["code"]) == (404, "model_not_found")

    play(scene)


def test_a_request_goes_only_where_its_model_is(play: Play) -> None:
    async def scene(world: World) -> None:
        (first, second), balancer = await of_models(world, ["a"], ["b"])
        wire = await balancer.connect()
        for _ in range(3):
            wire.chat(model="b")
            (await second.request()).answer_json({})
            assert (await wire.response()).status == 200
        wire.post("/v1/embeddings", {"model": "a", "input": "x"})
        (await first.request()).answer_json({})
        assert (await wire.response()).status == 200
        form = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nb\r\n--x--\r\n'
        wire.post("/v1/audio/transcriptions", form, "Content-Type: multipart/form-data; boundary=x\r\n")
        asked = await second.request()
        assert asked.body == form
        asked.answer_json({})
        await wire.response()

    play(scene)


def test_an_unknown_model_is_a_404_in_openais_format(play: Play) -> None:
    async def scene(world: World) -> None:
        _, balancer = await of_models(world, ["a"], ["b"])
        wire = await balancer.connect()
        wire.chat(model="c")
        response = await wire.response()
        error = response.json()["error"]
        assert (response.status, error["code"]) == (404, "model_not_found")
        assert "`c`" in error["message"]
        assert "retry-after" not in response.headers

    play(scene)


def test_an_engine_without_a_list_is_asked_for_anything(play: Play) -> None:
    async def scene(world: World) -> None:
        (_, any_), balancer = await of_models(world, ["a"], None)
        wire = await balancer.connect()
        wire.chat(model="c")
        (await any_.request()).answer_json({"any": 1})
        assert (await wire.response()).json() == {"any": 1}

    play(scene)


def test_an_operator_may_name_the_models(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        engine.models = ["a"]
        replica = {"id": "here-0", "address": engine.address, "models": ["x"]}
        balancer = await world.balancer(engine, replicas=[replica])
        wire = await balancer.connect()
        wire.chat(model="x")
        (await engine.request()).answer_json({})
        assert (await wire.response()).status == 200
        wire.chat(model="a")
        assert (await wire.response()).status == 404

    play(scene)


def test_a_model_that_only_a_peer_has_is_asked_for_there(play: Play) -> None:
    async def scene(world: World) -> None:
        near, here, far, there = await two_regions(world, near_models=["a"], far_models=["b"])
        near.page = FULL.replace("waiting 3", "waiting 0")
        await there.until(lambda s: s["replica"]["there-0"]["models"] == ["b"])
        await here.until(lambda s: (s["peer"]["there"]["report"] or {}).get("models") == ["b"])
        wire = await here.connect()
        wire.chat(model="b")
        (await far.request()).answer_json({})
        assert (await wire.response()).headers["x-nightshift-replica"] == "there-0"
        listed: list[str] = []
        while listed != ["a", "b"]:
            wire.get("/v1/models")
            listed = [card["id"] for card in (await wire.response()).json()["data"]]
        wire.chat(model="c")
        assert (await wire.response()).status == 404

    play(scene)
