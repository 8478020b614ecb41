"""Services with their loops, on a stage: what is asked of the provider and told to the balancers."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from tests.control.controller.stage import HERE, THERE, Answer, Stage, given

from nightshift.control.lifecycle.states import State
from nightshift.control.providers.base import Balancing, ProviderError, Unit
from nightshift.control.store.store import StoreError
from nightshift.errors import UserError

OnStage = Callable[[Callable[[Stage], Awaitable[None]]], None]
MINE = {HERE: ["svc-r1", "svc-r3"], THERE: ["svc-r2", "svc-r4"]}


def test_a_service_comes_up_and_each_balancer_knows_its_own(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        assert sorted(stage.provider.called("launch")) == [
            *("svc-b1", "svc-b2", "svc-r1", "svc-r2", "svc-r3", "svc-r4")
        ]
        assert stage.machines.known("svc-b1") == MINE[HERE]
        assert stage.machines.known("svc-b2") == MINE[THERE]
        assert [peer["id"] for peer in stage.machines.targets["svc-b1"]["peers"]] == ["svc-b2"]
        assert stage.machines.tokens == {f"Bearer {stage.store.secrets('svc').token}"}
        told = len(stage.machines.told)
        await stage.pass_time(60)
        assert len(stage.machines.told) == told, "nothing is told twice"

    on_stage(story)


def test_a_replica_that_ends_is_replaced_where_it_was(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.provider.kill("svc-r2")
        await stage.until(lambda: stage.states().get("svc-r6") == "READY", "replaced")
        await stage.pass_time(3)
        assert "svc-r2" not in stage.provider.units
        assert stage.provider.units["svc-r6"].unit.region == THERE
        assert stage.machines.known("svc-b2") == ["svc-r4", "svc-r6"]
        shown = {unit["name"]: unit for unit in stage.view()["replicas"]}
        assert shown["svc-r2"]["gone"]
        assert "SIGKILL" in shown["svc-r2"]["problem"]

    on_stage(story)


def test_a_balancer_that_hangs_is_taken_over_at_once_and_replaced_later(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.machines.hung.add("svc-b1")
        await stage.until(lambda: stage.states()["svc-b1"] == "NOT_READY", "missed")
        await stage.pass_time(2)
        assert stage.machines.known("svc-b2") == sorted(MINE[HERE] + MINE[THERE])
        assert "svc-b3" not in stage.provider.units, "there is only one port"
        await stage.until(lambda: stage.states().get("svc-b3") == "READY", "replaced")
        await stage.pass_time(3)
        assert stage.machines.known("svc-b3") == MINE[HERE]
        assert stage.machines.known("svc-b2") == MINE[THERE]

    on_stage(story)


def test_a_balancer_that_comes_back_begins_with_its_replicas(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.provider.kill("svc-b1")
        await stage.until(lambda: "svc-b3" in stage.provider.units, "launched")
        program = stage.provider.units["svc-b3"].order.program
        assert isinstance(program, Balancing)
        replicas, peers = program.settings["replicas"], program.settings["peers"]
        assert [replica["id"] for replica in replicas] == MINE[HERE]  # type: ignore[attr-defined]
        assert [peer["id"] for peer in peers] == ["svc-b2"]  # type: ignore[attr-defined]

    on_stage(story)


def test_a_balancer_comes_back_on_the_port_that_clients_know_or_on_any_other(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        def port(name: str) -> int:
            program = stage.provider.units[name].order.program
            assert isinstance(program, Balancing)
            return program.port

        await stage.up()
        assert port("svc-b1") == 0
        stage.provider.fail_launch("svc-b3", "cannot listen on 127.0.0.1:8000: Address already in use")
        stage.provider.kill("svc-b2")
        await stage.until(lambda: "svc-b4" in stage.provider.units, "the second try")
        assert port("svc-b4") == 0
        stage.provider.kill("svc-b1")
        await stage.until(lambda: "svc-b5" in stage.provider.units, "at once")
        assert port("svc-b5") == 8000

    on_stage(story)


def test_a_balancer_that_has_lost_its_targets_is_told_again(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.machines.targets["svc-b1"] = {"replicas": [], "peers": []}
        await stage.pass_time(5)
        assert stage.machines.known("svc-b1") == MINE[HERE]

    on_stage(story)


def test_a_replica_whose_probes_fail_gets_nothing_new_and_is_kept(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.machines.hung.add("svc-r1")
        await stage.until(lambda: stage.states()["svc-r1"] == "NOT_READY", "missed")
        await stage.pass_time(3)
        assert ("svc-b1", "svc-r1") in stage.machines.draining
        stage.machines.hung.clear()
        await stage.until(lambda: stage.states()["svc-r1"] == "READY", "back")
        await stage.pass_time(3)
        assert stage.machines.draining == set()
        assert stage.machines.known("svc-b1") == MINE[HERE]

    on_stage(story)


def test_what_changes_only_settings_replaces_nobody(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        launched = stage.provider.called("launch")
        stage.machines.refusing.add("svc-b2")
        await stage.services.update(given(limits={"body_bytes": 1000}), "rolling")
        await stage.pass_time(10)
        assert stage.machines.settings["svc-b1"]["limits"]["body_bytes"] == 1000
        versions = {row.name: row.version for row in stage.loop.fleet.rows if row.gone is None}
        assert versions.pop("svc-b2") == 1, "it was not taken, and is not said to be"
        assert set(versions.values()) == {2}
        assert "svc-b2: keeps the settings of version 1" in stage.view()["problem"]
        stage.machines.refusing.clear()
        await stage.pass_time(10)
        assert stage.view()["problem"] == ""
        assert stage.machines.settings["svc-b2"]["limits"]["body_bytes"] == 1000
        assert stage.provider.called("launch") == launched

    on_stage(story)


def test_keys_that_the_file_has_no_more_are_no_keys_any_more(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up(keys=[{"id": "one", "sha256": "ab" * 32}])
        program = stage.provider.units["svc-b1"].order.program
        assert isinstance(program, Balancing)
        assert [key["id"] for key in program.settings["keys"]] == ["one"]  # type: ignore[attr-defined]
        await stage.services.update(given(), "rolling")
        await stage.pass_time(5)
        assert stage.machines.settings["svc-b1"]["keys"] == []

    on_stage(story)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("speed", 2.0),
        ("seed", 7),
        ("switches", {"topology": "global"}),
        ("switches", {"ejection": {"failures": 9}}),
    ],
)
def test_what_a_running_balancer_cannot_take_is_refused(on_stage: OnStage, key: str, value: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        what = next(iter(value)) if isinstance(value, dict) else key
        with pytest.raises(UserError, match=f"{what} .*cannot change while (a service|it) runs"):
            await stage.services.update(given(**{key: value}), "rolling")
        assert stage.view()["version"] == 1

    on_stage(story)


@pytest.mark.parametrize("mode", ["rolling", "blue_green"])
def test_replicas_of_an_older_version_leave_when_they_are_idle(on_stage: OnStage, mode: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.machines.busy["svc-r1"] = 1
        await stage.services.update(given(profile="a100-llama-3.1-8b"), mode)
        await stage.until(lambda: stage.states().get("svc-r1") == "DRAINING", "the old one drains")
        await stage.pass_time(10)
        assert stage.states()["svc-r1"] == "DRAINING", "it answers somebody"
        del stage.machines.busy["svc-r1"]
        await stage.until(lambda: "svc-r1" not in stage.provider.units, "gone")
        await stage.until(lambda: stage.view()["status"] == "READY", "all new")
        assert {row.version for row in stage.loop.fleet.rows if row.gone is None} == {2}

    on_stage(story)


def test_what_ends_leaves_nothing_and_its_name_is_free(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.services.end("svc")
        await stage.gone()
        assert stage.provider.units == {}
        ended = stage.provider.called("terminate")
        assert set(ended[:2]) == {"svc-b1", "svc-b2"}, "balancers first: replicas answer what they have"
        assert set(ended[2:]) == {"svc-r1", "svc-r2", "svc-r3", "svc-r4"}
        grace = {call.name: call.grace_s for call in stage.provider.calls if call.method == "terminate"}
        assert grace["svc-b1"] == 20
        assert stage.provider.called("clean_up") == ["svc"]
        assert stage.store.fleets() == []
        assert not stage.services.is_busy
        await stage.up()

    on_stage(story)


def test_what_cannot_be_ended_is_tried_again_or_forgotten(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.provider.fail_terminate("svc-r2", "no permission to end it")
        stage.services.end("svc")
        await stage.until(lambda: stage.states() == {"svc-r2": "FAILED_CLEANUP"}, "one is left")
        assert stage.view()["status"] == "FAILED_CLEANUP"
        assert "no permission to end it" in stage.view()["problem"]
        tried = len(stage.provider.called("terminate"))
        await stage.pass_time(60)
        assert tried + 3 <= len(stage.provider.called("terminate")) <= tried + 8, "now and then"
        stage.provider.mend()
        await stage.gone()

    on_stage(story)


def test_purge_forgets_what_cannot_be_ended(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.provider.fail_terminate("svc-r2", "no permission to end it")
        stage.services.end("svc")
        await stage.until(lambda: stage.states() == {"svc-r2": "FAILED_CLEANUP"}, "one is left")
        stage.services.end("svc", purge=True)
        await stage.until(lambda: stage.states() == {}, "forgotten")
        stage.provider.vanish("svc-r2")  # by hand
        await stage.gone()
        assert stage.store.fleets() == []

    on_stage(story)


def test_the_next_controller_goes_on_and_launches_nothing_twice(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.services.begin(given(envs={"HF_TOKEN": "hush-hush"}))
        for _ in range(6):
            await stage.pass_time(0.5)
            await stage.again()
        await stage.until(lambda: stage.view()["status"] == "READY", "ready")
        assert len(stage.provider.units) == 6
        assert stage.provider.units["svc-r1"].order.envs == {"HF_TOKEN": "hush-hush"}
        told = len(stage.machines.told)
        await stage.again()
        await stage.pass_time(10)
        assert stage.provider.called("launch") == []
        assert len(stage.machines.told) <= told + 2, "each balancer at most once"
        stage.services.end("svc")
        await stage.pass_time(0.5)
        await stage.again()
        await stage.gone()
        assert stage.provider.units == {}

    on_stage(story)


def test_a_name_is_given_once_and_a_service_that_ends_cannot_change(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        with pytest.raises(UserError, match="there is a service 'svc' already"):
            await stage.services.begin(given())
        with pytest.raises(UserError, match="no service 'other'; known: svc"):
            await stage.services.update(given("other"), "rolling")
        with pytest.raises(UserError, match="no service 'other'; known: svc"):
            stage.services.end("other")
        stage.services.end("svc")
        with pytest.raises(UserError, match="is being ended"):
            await stage.services.update(given(), "rolling")
        await stage.gone()

    on_stage(story)


def test_an_update_that_is_overtaken_by_the_end_changes_nothing(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        prepare = stage.provider.prepare

        async def slow(spec: object) -> None:
            stage.services.end("svc")
            await stage.gone()
            await prepare(spec)  # type: ignore[arg-type]

        stage.provider.prepare = slow  # type: ignore[method-assign]
        with pytest.raises(UserError, match="'svc'"):
            await stage.services.update(given(replicas=2), "rolling")
        stage.provider.prepare = prepare  # type: ignore[method-assign]
        await stage.up()
        await stage.services.update(given(replicas=2), "rolling")  # version 2 is free

    on_stage(story)


def test_places_that_refuse_are_tried_later_and_later_others_go_on(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        stage.provider.fail_launches(lambda order: order.region == THERE, "no capacity")
        await stage.services.begin(given())
        await stage.until(lambda: stage.machines.known("svc-b1") == MINE[HERE], "one region")
        await stage.pass_time(60)
        assert 4 <= len([n for n in stage.provider.called("launch") if n.startswith("svc-r")]) <= 16
        assert "no capacity" in str(stage.view()["replicas"])
        stage.provider.mend()
        await stage.until(lambda: stage.view()["status"] == "READY", "both")

    on_stage(story)


class Full:
    """A disk without room, for a while."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch, *methods: str) -> None:
        self._stage, self._patch = stage, monkeypatch
        self._methods = methods or ("create", "renew", "save", "forget")

    def __enter__(self) -> None:
        def full(*_: object) -> None:
            raise StoreError("database or disk is full")

        for method in self._methods:
            self._patch.setattr(self._stage.store, method, full)

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


def test_without_room_on_the_disk_nothing_begins(on_stage: OnStage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        with Full(stage, monkeypatch), pytest.raises(StoreError):
            await stage.services.begin(given())
        await stage.pass_time(5)
        assert stage.provider.units == {}
        assert stage.provider.called("clean_up") == ["svc"], "what was prepared is not left"
        assert not stage.services.is_busy
        await stage.up()

    on_stage(story)


def test_without_room_on_the_disk_a_service_stays_as_it_is(
    on_stage: OnStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        launched = stage.provider.called("launch")
        with Full(stage, monkeypatch):
            stage.provider.kill("svc-r1")
            await stage.pass_time(20)
            with pytest.raises(StoreError):
                stage.services.end("svc")
            assert not stage.loop.fleet.service.ending, "who was told of an error need not fear the end"
            assert stage.provider.called("launch") == launched, "nothing is done that is not written down"
            assert "full" in stage.view()["problem"]
        await stage.until(lambda: stage.states().get("svc-r5") == "READY", "replaced")
        assert stage.view()["problem"] == ""

    on_stage(story)


def test_without_room_on_the_disk_an_end_is_finished_later(
    on_stage: OnStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()
        stage.services.end("svc")
        with Full(stage, monkeypatch, "forget"):
            await stage.until(lambda: not stage.provider.units, "ended")
            await stage.pass_time(30)
            assert "full" in stage.view()["problem"]
        await stage.gone()
        assert stage.store.fleets() == []

    on_stage(story)


def test_a_provider_that_fails_does_not_end_the_watch(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()

        async def broken(*_: object) -> str:
            raise ProviderError("the relay does not answer")

        async def defective(_: str) -> dict[str, Unit]:
            raise ZeroDivisionError

        known = dict(stage.machines.targets)
        right = stage.provider.address_from
        stage.provider.address_from = broken  # type: ignore[assignment, method-assign]
        stage.provider.kill("svc-r1")
        await stage.pass_time(10)
        assert stage.machines.targets == known, "who cannot be told keeps what it has"
        stage.provider.address_from = right  # type: ignore[method-assign]
        await stage.until(lambda: stage.machines.known("svc-b1") == ["svc-r3", "svc-r5"], "told")
        look = stage.provider.describe
        stage.provider.describe = defective  # type: ignore[assignment, method-assign]
        await stage.pass_time(10)
        stage.provider.describe = look  # type: ignore[method-assign]
        stage.provider.kill("svc-r3")
        await stage.until(lambda: stage.states().get("svc-r7") == State.READY, "still watched")

    on_stage(story)


def test_a_defect_in_asking_a_unit_does_not_end_the_asking(
    on_stage: OnStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()

        right = stage.machines.request

        def defective(method: str, url: str, **rest: Any) -> AbstractAsyncContextManager[Answer]:
            if url.endswith("/v1/models"):
                raise ZeroDivisionError
            return right(method, url, **rest)

        monkeypatch.setattr(stage.machines, "request", defective)
        await stage.until(lambda: "ZeroDivisionError" in str(stage.view()["replicas"]), "it is told")
        monkeypatch.undo()
        await stage.until(lambda: stage.view()["status"] == "READY", "all are asked again")
        stage.machines.hung.add("svc-r1")
        await stage.until(lambda: "svc-r1" not in stage.provider.units, "it is noticed")

    on_stage(story)


def test_one_port_is_not_given_to_two_services(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        balancers = [{"resources": {"region": HERE}, "port": 8101}]
        await stage.up(regions=(HERE,), external_load_balancers=balancers)
        with pytest.raises(UserError, match="port 8101 is that of service 'svc'"):
            await stage.services.begin(given("other", regions=(HERE,), external_load_balancers=balancers))
        await stage.services.begin(given("third"))
        with pytest.raises(UserError, match="port 8101 is that of service 'svc'"):
            await stage.services.update(given("third", external_load_balancers=balancers), "rolling")
        await stage.services.update(given(regions=(HERE,), external_load_balancers=balancers), "rolling")

    on_stage(story)


def test_a_balancer_whose_port_changes_is_replaced(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        await stage.up()

        def at(port: int) -> list[dict[str, object]]:
            return [{"resources": {"region": HERE}, "port": port}]

        await stage.services.update(given(external_load_balancers=at(8000)), "rolling")
        await stage.pass_time(10)
        assert "svc-b1" in stage.provider.units, "that is the port that it has"
        await stage.services.update(given(external_load_balancers=at(8101)), "rolling")
        await stage.until(lambda: "svc-b1" not in stage.provider.units, "ended")
        await stage.until(lambda: stage.states().get("svc-b3") is not None, "anew")
        program = stage.provider.units["svc-b3"].order.program
        assert isinstance(program, Balancing)
        assert program.port == 8101

    on_stage(story)
