"""The life of a fleet, with stand-ins for its processes."""

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nightshift.control.local import child as child_module
from nightshift.control.local import fleet as fleet_module
from nightshift.control.local.child import FleetError
from nightshift.control.local.external import ExternalRouter
from nightshift.control.local.fleet import LocalFleet
from nightshift.control.local.plan import Engine, FleetPlan
from nightshift.control.local.recipes import Programs
from nightshift.errors import UserError

PlanOf = Callable[..., FleetPlan]
StandIn = Callable[[str], tuple[str, ...]]
TWO = {"us-east-2": 2, "ap-northeast-1": 1}


def ask(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own address
        return json.load(response)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def read_private(path: str | Path) -> Any:
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    return json.loads(Path(path).read_bytes())


def flag(argv: list[str], name: str) -> str:
    return argv[argv.index(name) + 1]


def test_all_start_with_what_they_need_and_all_end(plan_of: PlanOf, programs: Programs) -> None:
    plan = plan_of(TWO, speed=4.0, seed=7, model="m")
    steps: list[tuple[int, int]] = []

    async def life() -> list[int]:
        async with LocalFleet(plan, programs=programs, progress=lambda _, *n: steps.append(n)) as fleet:
            assert [r.id for r in fleet.replicas] == ["us-east-2-1", "us-east-2-2", "ap-northeast-1-1"]
            argv = ask(f"http://{fleet.replicas[1].address}/health")["argv"]
            assert [flag(argv, f) for f in ("--speed", "--seed", "--replica-id", "--model")] == [
                "4", "7", "us-east-2-2", "m",
            ]  # fmt: skip
            balancer = ask(fleet.endpoints["ap-northeast-1"])["argv"]
            read = read_private(flag(balancer, "--config"))
            assert (read["name"], read["region"]) == ("ap-northeast-1-balancer", "ap-northeast-1")
            assert read["replicas"] == [
                {"id": "ap-northeast-1-1", "region": "ap-northeast-1", "address": fleet.replicas[2].address}
            ]
            assert read["switches"]["across"] == "selective-push"
            spec = read_private(plan.log_dir / "wan.json")
            assert {(link["from"], link["to"]) for link in spec["links"]} == {
                ("us-east-2", "ap-northeast-1"),
                ("ap-northeast-1", "us-east-2"),
            }
            assert {link["target"] for link in spec["links"]} == {b.address for b in fleet.balancers}
            await fleet.check()
            return [child.pid for child in fleet.children]

    pids = asyncio.run(life())
    assert steps == [(n, 6) for n in range(1, 7)]
    assert len(pids) == 6
    assert not any(map(is_alive, pids))


def test_dead_child_refuses_connections_and_is_named(plan_of: PlanOf, programs: Programs) -> None:
    async def life() -> None:
        async with LocalFleet(plan_of(TWO), programs=programs) as fleet:
            address = fleet.replicas[0].address
            with contextlib.suppress(OSError):
                ask(f"http://{address}/die")
            async with asyncio.timeout(20):
                await fleet.watch()

    with pytest.raises(
        FleetError, match=r"replica us-east-2-1 ended with status 7; .*us-east-2-1\.log\n    told to die"
    ):
        asyncio.run(life())


def test_killed_child_is_named_with_its_signal(plan_of: PlanOf, programs: Programs) -> None:
    async def life() -> None:
        async with LocalFleet(plan_of(TWO), programs=programs) as fleet:
            os.kill(fleet.children[-1].pid, signal.SIGKILL)
            async with asyncio.timeout(20):
                await fleet.watch()

    with pytest.raises(FleetError, match="balancer ap-northeast-1-balancer was killed by SIGKILL"):
        asyncio.run(life())


def test_child_that_dies_at_start_fails_the_fleet_and_ends_the_others(
    plan_of: PlanOf, programs: Programs, stand_in: StandIn
) -> None:
    fleet = LocalFleet(plan_of(TWO), programs=dataclasses.replace(programs, balancer=stand_in("dies")))

    async def life() -> None:
        async with fleet:
            pytest.fail("a fleet without balancers came up")

    with pytest.raises(FleetError, match=r"balancer \S+ ended with status 3(.|\n)*no such device"):
        asyncio.run(life())
    assert len(fleet.children) == 6
    assert not any(is_alive(child.pid) for child in fleet.children)


def test_child_that_never_serves_is_given_up(
    plan_of: PlanOf, programs: Programs, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nightshift.control.local.recipes._QUICK_S", 0.2)
    fleet = LocalFleet(
        plan_of({"us-east-2": 1}), programs=dataclasses.replace(programs, emulated=stand_in("silent"))
    )

    async def life() -> None:
        async with fleet:
            pytest.fail("a fleet without a replica came up")

    with pytest.raises(FleetError, match=r"was not (ready|healthy) within 0.2 s"):
        asyncio.run(life())
    assert not any(is_alive(child.pid) for child in fleet.children)


def test_child_that_ignores_sigterm_is_killed(
    plan_of: PlanOf, programs: Programs, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_module, "_GRACE_S", 0.3)

    async def life() -> list[int]:
        stubborn = dataclasses.replace(programs, emulated=stand_in("stubborn"))
        async with LocalFleet(plan_of({"us-east-2": 1}), programs=stubborn) as fleet:
            return [child.pid for child in fleet.children]

    assert not any(map(is_alive, asyncio.run(life())))


def test_port_in_use_is_a_user_error_and_nothing_starts(plan_of: PlanOf, programs: Programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fleet = LocalFleet(plan_of(TWO, ports=(0, port)), programs=programs)

        async def life() -> None:
            async with fleet:
                pytest.fail("came up on a port in use")

        with pytest.raises(UserError, match=f"cannot listen on 127.0.0.1:{port}"):
            asyncio.run(life())
    assert fleet.children == []


def test_unwritable_folder_or_missing_program_is_a_user_error(
    plan_of: PlanOf, programs: Programs, tmp_path: Path
) -> None:
    plan = plan_of({"us-east-2": 1})
    gone = dataclasses.replace(programs, balancer=(str(tmp_path / "gone"),))
    (tmp_path / "file").write_text("")
    hopeless = [
        (LocalFleet(plan, programs=gone), "cannot start test: .*gone"),
        (LocalFleet(dataclasses.replace(plan, log_dir=tmp_path / "file")), "cannot make the folder"),
    ]
    for fleet, message in hopeless:
        with pytest.raises(UserError, match=message):
            asyncio.run(fleet.__aenter__())
        assert not any(is_alive(child.pid) for child in fleet.children)


def test_cancelling_the_start_ends_what_has_started(
    plan_of: PlanOf, programs: Programs, stand_in: StandIn
) -> None:
    async def life() -> LocalFleet:
        one_is_up = asyncio.Event()
        fleet = LocalFleet(
            plan_of(TWO),
            programs=dataclasses.replace(programs, wan=stand_in("silent")),
            progress=lambda *_: one_is_up.set(),
        )
        task = asyncio.create_task(enter(fleet))
        await one_is_up.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return fleet

    async def enter(fleet: LocalFleet) -> None:
        async with fleet:
            pytest.fail("came up without its relay")

    children = asyncio.run(life()).children
    assert len(children) == 6
    assert not any(is_alive(child.pid) for child in children)


def test_external_router_gets_the_workers_and_the_ports(plan_of: PlanOf, programs: Programs) -> None:
    plan = plan_of(TWO, routing=ExternalRouter.SGLANG)

    async def life() -> None:
        async with LocalFleet(
            plan,
            programs=dataclasses.replace(programs, routers=dict.fromkeys(ExternalRouter, programs.emulated)),
        ) as fleet:
            assert fleet.balancers == ()
            argv = ask(fleet.endpoints["us-east-2"])["argv"]
            assert fleet.endpoints["us-east-2"].endswith(":" + flag(argv, "--port"))
            workers = argv[argv.index("--worker-urls") + 1 :]
            spec = read_private(plan.log_dir / "wan.json")
            far = [link for link in spec["links"] if link["target"] == fleet.replicas[2].address]
            assert workers[:2] == [f"http://{r.address}" for r in fleet.replicas[:2]]
            assert len(workers) == 3
            assert workers[2] != f"http://{fleet.replicas[2].address}"
            assert [(link["from"], link["to"]) for link in far] == [("us-east-2", "ap-northeast-1")]
            assert flag(argv, "--balance-abs-threshold") == "32"

    with socket.create_server(("127.0.0.1", 0)):  # something else on the machine
        asyncio.run(life())


def test_llama_cpp_gets_a_port_of_its_own(plan_of: PlanOf, programs: Programs) -> None:
    async def life() -> None:
        plan = plan_of({"us-east-2": 2}, engine=Engine.LLAMA_CPP)
        async with LocalFleet(plan, programs=programs) as fleet:
            ports = {flag(ask(f"http://{r.address}/")["argv"], "--port") for r in fleet.replicas}
            assert ports == {r.address.rpartition(":")[2] for r in fleet.replicas}

    asyncio.run(life())


_PARENT = """
import asyncio, json, sys
from pathlib import Path
from nightshift.balancing.switches import Switches
from nightshift.control.local.fleet import LocalFleet
from nightshift.control.local.external import ExternalRouter
from nightshift.control.local.plan import FleetPlan, RegionPlan
from nightshift.control.local.recipes import Programs

async def main():
    serves = (sys.executable, sys.argv[1], "serves")
    programs = Programs(emulated=serves, balancer=serves)
    regions = (RegionPlan("a", 2), RegionPlan("b", 1))
    async with LocalFleet(FleetPlan("t", regions, Switches(), Path(sys.argv[2])), programs=programs) as fleet:
        print(json.dumps([child.pid for child in fleet.children]), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_child_outlives_its_parent(programs: Programs, tmp_path: Path, sig: signal.Signals) -> None:
    command = [sys.executable, "-c", _PARENT, programs.emulated[1], str(tmp_path / "logs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        pids = json.loads(parent.stdout.readline())
        watches = [os.pidfd_open(pid) for pid in pids]
        parent.send_signal(sig)
    assert len(pids) == 5
    for watch in watches:
        wait_for_end(watch)


def wait_for_end(pidfd: int) -> None:
    import select

    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    ended = poll.poll(20_000)
    os.close(pidfd)
    assert ended, "a child outlived its parent"


def test_health_answer_must_say_what_is_expected() -> None:
    says = child_module._says
    assert says(b"OK", {})
    assert says(b'{"healthy_workers": 2, "total_workers": 2}', {"healthy_workers": 2})
    assert not any(
        says(body, {"healthy_workers": 2}) for body in (b"OK", b"[]", b'{"healthy_workers": 1}', b"{}")
    )


def test_ready_line_is_found_among_other_output() -> None:
    is_ready = child_module._is_ready
    assert is_ready(b'{"event": "ready", "address": "127.0.0.1:1"}\n')
    assert not any(map(is_ready, [b"ready\n", b"[]\n", b'{"event": "starting"}\n', b"\xff{\n"]))
