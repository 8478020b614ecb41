"""A controller that comes up and cannot read the file of one of its services."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.control.controller.stage import Stage, given, text

from nightshift.control.controller.services import Given
from nightshift.errors import UserError

OnStage = Callable[[Callable[[Stage], Awaitable[None]]], None]


async def one_unreadable(stage: Stage, folder: Path) -> Path:
    """Bring up `svc`, whose certificate is lost then, and `other`; let the controller die and come back."""
    files = [folder / "chain.pem", folder / "key.pem"]
    for file in files:
        file.write_text("anything")
    tls = {"certificate": str(files[0]), "key": str(files[1])}
    await stage.up(tls=tls)
    assert all(url.startswith("https://") for url in stage.view()["endpoints"].values())
    await stage.services.begin(given("other"))
    await stage.until(lambda: stage.services.views("other")[0]["status"] == "READY", "the other")
    files[0].unlink()
    await stage.again()
    return files[0]


def test_the_others_are_taken_up_and_that_one_says_why_not(on_stage: OnStage, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        lost = await one_unreadable(stage, tmp_path)
        assert [view["name"] for view in stage.services.views()] == ["other", "svc"]
        view = stage.view()
        assert (view["status"], view["replicas_ready"], view["balancers_ready"]) == ("FAILED", 4, 2)
        assert all(url.startswith("https://") for url in view["endpoints"].values())
        assert f"service.tls.certificate: no such file: {lost}" in view["problem"]
        assert view.keys() == stage.services.views("other")[0].keys()
        assert stage.services.is_busy
        launched = stage.provider.called("launch")
        stage.provider.kill("other-r1")
        await stage.until(lambda: stage.services.views("other")[0]["status"] == "DEGRADED", "seen")
        await stage.until(lambda: stage.services.views("other")[0]["status"] == "READY", "replaced")
        assert len(stage.provider.called("launch")) == len(launched) + 1
        for refused in (
            lambda: stage.services.loop("svc"),
            lambda: stage.services.stand_before("svc", "sglang-router", wanted=True),
        ):
            with pytest.raises(UserError, match=r"'svc' cannot be taken up: .*no such file"):
                refused()
        with pytest.raises(UserError, match="there is a service 'svc' already"):
            await stage.services.begin(given())

    on_stage(story)


def test_it_is_taken_up_once_that_is_mended(on_stage: OnStage, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        lost = await one_unreadable(stage, tmp_path)
        launched = stage.provider.called("launch")
        lost.write_text("again")
        await stage.until(lambda: stage.view()["status"] == "READY", "taken up")
        assert not stage.services.untaken
        assert stage.provider.called("launch") == launched

    on_stage(story)


def test_it_can_be_ended_all_the_same(on_stage: OnStage, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        await one_unreadable(stage, tmp_path)
        stage.services.end("svc")
        await stage.gone()
        assert not [name for name in stage.provider.units if name.startswith("svc-")]
        assert [fleet.service.name for fleet in stage.store.fleets()] == ["other"]

    on_stage(story)


def test_what_was_being_ended_goes_on_ending(on_stage: OnStage, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        await one_unreadable(stage, tmp_path)
        stage.services.end("svc")
        await stage.again()
        await stage.gone()
        assert not [name for name in stage.provider.units if name.startswith("svc-")]

    on_stage(story)


def versions(stage: Stage) -> set[int]:
    view = stage.view()
    return {unit["version"] for unit in (*view["replicas"], *view["balancers"]) if not unit["gone"]}


def test_it_can_be_given_another_file(on_stage: OnStage, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        await one_unreadable(stage, tmp_path)
        cloud = (
            text().replace("engine: emulated", "ports: 80").replace("- region", "- cloud: aws\n    region")
        )
        with pytest.raises(UserError, match="the service runs on local, the file is for skypilot"):
            await stage.services.update(Given("svc", cloud + "run: x\n", "service.yaml"), "rolling")
        await stage.services.update(given(), "rolling")
        await stage.until(lambda: versions(stage) == {2}, "updated")
        assert not stage.services.untaken

    on_stage(story)
