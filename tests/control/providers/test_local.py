"""The provider `local` with real processes: the emulated engine, balancers, the WAN relay."""

import asyncio
import dataclasses
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from tests.control.providers.contract import (
    ONE,
    ProviderContract,
    WanContract,
    clear,
    launched,
    story,
    until,
)

from nightshift.control.local.plan import Engine, WanPlan
from nightshift.control.processid import ProcessId
from nightshift.control.providers.base import Balancing, Kind, Order, Phase, Provider, ProviderError, Routing
from nightshift.control.providers.local import LocalProvider
from nightshift.control.providers.local.record import MARK
from nightshift.control.service.spec import (
    BalancerPlace,
    LocalEngine,
    Placeable,
    ProviderName,
    Scaling,
    ServiceSpec,
    SkyTask,
)
from nightshift.errors import UserError
from nightshift.processes import bind

TOKEN = "a-token-of-the-service"


class LocalBench:
    regions = ("us-east-2", "ap-northeast-1")

    def __init__(self, state: Path) -> None:
        self.state = state
        self.provider: Provider = LocalProvider(state)

    def again(self) -> LocalProvider:
        return LocalProvider(self.state)

    def spec(self, service: str, *, wan: bool = False, port: int = 0, speed: float = 1.0) -> ServiceSpec:
        return ServiceSpec(
            name=service,
            provider=ProviderName.LOCAL,
            engine=LocalEngine(Engine.EMULATED, speed=speed),
            places=tuple(map(Placeable, self.regions)),
            scaling=Scaling(1, 1),
            balancers=(BalancerPlace(self.regions[0], port=port), BalancerPlace(self.regions[1])),
            wan=WanPlan("aws-2025-05-29") if wan else None,
        )

    def order(self, name: str, service: str, region: str) -> Order:
        secret = {"SECRET": "hush-hush"}
        return Order(name, service, Kind.REPLICA, region, LocalEngine(Engine.EMULATED), envs=secret)

    async def finish(self, name: str) -> None:
        """Wait until the engine serves."""
        while b'"ready"' not in self.log(name):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)

    async def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)
        await until(self.provider, ONE, lambda units: units[name].phase is Phase.STOPPED)

    async def write(self, name: str) -> bytes:
        with self.log_file(name).open("ab") as log:
            log.write(b"hello\n")
        return b"hello\n"

    def record(self, name: str) -> dict[str, object]:
        (path,) = self.state.glob(f"*/units/{name}/unit.json")
        return dict(orjson.loads(path.read_bytes()))

    def pid(self, name: str) -> int:
        process = self.record(name)["process"]
        assert isinstance(process, dict)
        return int(process["pid"])

    def log_file(self, name: str) -> Path:
        return next(self.state.glob(f"*/logs/{name}.log"))

    def log(self, name: str) -> bytes:
        return self.log_file(name).read_bytes()


def processes_below(state: Path) -> list[str]:
    """Return the command line of every process that a provider on this folder began."""
    begin = f"{MARK}={state}".encode()
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            environ, command = _environ_and_command(Path("/proc", name))
        except OSError:  # gone, of another user, or the kernel's own
            continue
        if any(entry.startswith(begin) for entry in environ.split(b"\0")):
            found.append(command.decode())
    return found


def _environ_and_command(process: Path) -> tuple[bytes, bytes]:
    """Read both; within exec a process has neither, when its lock is free already: look again."""
    while True:
        command = (process / "cmdline").read_bytes()
        environ = (process / "environ").read_bytes()  # there as soon as the command line is
        if environ or command:
            return environ, command
        (process / "exe").readlink()  # fails for what has ended and for threads of the kernel


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[LocalBench]:
    bench = LocalBench(tmp_path / "state")
    yield bench
    left = processes_below(bench.state)
    asyncio.run(_end_all(bench))
    assert left == []


async def _end_all(bench: LocalBench) -> None:
    for service in sorted(path.name for path in bench.state.glob("*")):
        for name in await bench.provider.describe(service):
            await bench.provider.terminate(name, 0)
        await bench.provider.clean_up(service)


class TestLocal(ProviderContract, WanContract):
    """The contract."""


def balancer(name: str, region: str, *, port: int = 0, host: str = "127.0.0.1") -> Order:
    settings = {"name": name, "region": region, "peer_token": TOKEN}
    return Order(name, ONE, Kind.BALANCER, region, Balancing(settings, host, port))


async def answer(address: str, path: str = "/health") -> bytes:
    """Return what a server answers to a GET, from status line to end, once it serves."""
    host, _, port = address.rpartition(":")
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            said = await reader.read()
            writer.close()
            await writer.wait_closed()
        except OSError:
            said = b""
        if said:
            return said
        await asyncio.sleep(0.02)


class TestUnits:
    """What is special to this machine."""

    @story
    async def test_a_balancer_has_two_listeners_and_its_secrets_are_its_own(self, bench: LocalBench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await bench.provider.launch(balancer("svc-b1", "us-east-2", host="0.0.0.0"))
        unit = (await bench.provider.describe(ONE))["svc-b1"]
        assert unit.address is not None
        assert unit.admin is not None
        assert unit.address.startswith("127.0.0.1:")
        assert b"no replica answers" in await answer(unit.address)
        assert b" 401 " in await answer(unit.admin, "/v1/state")
        folder = bench.state / ONE / "units" / "svc-b1"
        assert TOKEN in (folder / "config.json").read_text()
        for name in ("unit.json", "intent.json"):
            assert TOKEN not in (folder / name).read_text()
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        await bench.provider.terminate("svc-b1", 5)
        await clear(bench.provider)

    @story
    async def test_envs_go_by_the_environment_alone(self, bench: LocalBench) -> None:
        await bench.provider.prepare(bench.spec(ONE))
        await launched(bench, "svc-r1")
        proc = Path(f"/proc/{bench.pid('svc-r1')}")
        assert b"SECRET=hush-hush\0" in proc.joinpath("environ").read_bytes()
        assert b"hush" not in proc.joinpath("cmdline").read_bytes()
        files = [path for path in bench.state.rglob("*") if path.is_file()]
        assert files
        assert not any(b"hush" in path.read_bytes() for path in files)
        await clear(bench.provider)

    @story
    async def test_a_port_in_use_is_said_by_prepare_and_by_launch(self, bench: LocalBench) -> None:
        with bind("127.0.0.1", 0) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(UserError, match=f"cannot listen on 127.0.0.1:{port}"):
                await bench.provider.prepare(bench.spec(ONE, port=port))
            await bench.provider.clean_up(ONE)
            assert not [path for path in bench.state.rglob(ONE) if path.is_dir()], "not even an empty folder"
            with pytest.raises(ProviderError, match=f"svc-b1: cannot listen on 127.0.0.1:{port}"):
                await bench.provider.launch(balancer("svc-b1", "us-east-2", port=port))
            assert await bench.provider.describe(ONE) == {}
        await bench.provider.prepare(bench.spec(ONE, port=port))
        await bench.provider.launch(balancer("svc-b1", "us-east-2", port=port))
        assert (await bench.provider.describe(ONE))["svc-b1"].address == f"127.0.0.1:{port}"
        await bench.provider.prepare(bench.spec(ONE, port=port))  # its own port is no other's
        await bench.provider.terminate("svc-b1", 5)
        await bench.provider.launch(balancer("svc-b1", "us-east-2", port=port))
        assert (await bench.provider.describe(ONE))["svc-b1"].address == f"127.0.0.1:{port}"
        await clear(bench.provider)

    @story
    async def test_a_router_is_told_where_to_listen(self, bench: LocalBench) -> None:
        words = ("sh", "-c", "echo $0 $1 $2; exec sleep 60", "{host}:{port}", "{metrics_port}", "x")
        order = Order("svc-router", ONE, Kind.ROUTER, "us-east-2", Routing(words, 0))
        await bench.provider.prepare(bench.spec(ONE))
        await bench.provider.launch(order)
        unit = (await bench.provider.describe(ONE))["svc-router"]
        while not (said := bench.log("svc-router").decode().split()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        assert said[0] == unit.address
        assert int(said[1]) > 0
        gone = dataclasses.replace(order, name="svc-router2", program=Routing(("no-such-router",), 0))
        with pytest.raises(ProviderError, match="no program no-such-router here") as caught:
            await bench.provider.launch(gone)
        assert caught.value.permanent
        await clear(bench.provider)

    @story
    async def test_what_cannot_run_here_is_refused_for_good(self, bench: LocalBench) -> None:
        orders = [
            (Order("c", ONE, Kind.CLIENT, "us-east-2", SkyTask({}, 0)), "a client does not run"),
            (Order("r", ONE, Kind.REPLICA, "us-east-2", SkyTask({}, 0)), "a SkyPilot task does not run"),
            (Order("b", ONE, Kind.BALANCER, "us-east-2", Balancing({"name": "b"})), "settings: "),
            (Order("../b", ONE, Kind.BALANCER, "us-east-2", Balancing({})), "cannot be a name"),
        ]
        for order, message in orders:
            with pytest.raises(ProviderError, match=message) as caught:
                await bench.provider.launch(order)
            assert caught.value.permanent, message
        assert await bench.provider.describe(ONE) == {}
        await bench.provider.clean_up(ONE)

    @story
    async def test_who_does_not_end_is_killed_with_all_it_started(self, bench: LocalBench) -> None:
        script = "trap '' TERM; (trap '' TERM; sleep 60; sleep 60) & echo up; wait; sleep 60"
        await bench.provider.launch(
            Order("svc-router", ONE, Kind.ROUTER, "us-east-2", Routing(("sh", "-c", script), 0))
        )
        while b"up" not in bench.log("svc-router"):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        while len(processes_below(bench.state)) < 3:  # noqa: ASYNC110 - the subshell begins its own a little later
            await asyncio.sleep(0.02)
        assert len([line for line in await bench.provider.leftovers(ONE) if "process" in line]) >= 3
        await bench.provider.terminate("svc-router", 0.1)
        assert processes_below(bench.state) == []
        await clear(bench.provider)

    @story
    async def test_orphans_of_a_dead_unit_are_ended_with_it(self, bench: LocalBench) -> None:
        order = Order(
            "svc-router", ONE, Kind.ROUTER, "us-east-2", Routing(("sh", "-c", "sleep 60 & exit 3"), 0)
        )
        await bench.provider.launch(order)
        units = await until(bench.provider, ONE, lambda u: u["svc-router"].phase is Phase.STOPPED)
        assert units["svc-router"].problem.startswith("ended with status 3")
        assert len(processes_below(bench.state)) == 1
        await bench.provider.terminate("svc-router", 0)
        assert processes_below(bench.state) == []
        await clear(bench.provider)

    @story
    async def test_how_a_unit_ended_is_known_to_who_comes_later(self, bench: LocalBench) -> None:
        await launched(bench, "svc-r1")
        await bench.write("svc-r1")
        await bench.kill("svc-r1")
        problem = (await bench.again().describe(ONE))["svc-r1"].problem
        assert problem.startswith("was killed by SIGKILL; its log ends:\n")
        assert problem.endswith("\n    hello")
        await clear(bench.provider)

    @story
    async def test_a_folder_that_cannot_be_written_starts_nothing(self, bench: LocalBench) -> None:
        bench.state.mkdir()
        (bench.state / ONE).write_text("in the way")
        with pytest.raises(UserError, match="cannot write in"):
            await bench.provider.prepare(bench.spec(ONE))
        with pytest.raises(ProviderError, match="cannot launch svc-r1: "):
            await bench.provider.launch(bench.order("svc-r1", ONE, "us-east-2"))
        assert processes_below(bench.state) == []
        (bench.state / ONE).unlink()


class TestWan:
    """Links between regions, on a real relay."""

    @story
    async def test_a_link_leads_to_its_unit_and_follows_it(self, bench: LocalBench) -> None:
        await bench.provider.prepare(bench.spec(ONE, wan=True, speed=10))
        unit = await launched(bench, "svc-r1")
        link = await bench.provider.address_from("ap-northeast-1", unit)
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        assert b" 200 " in await answer(link)
        assert loop.time() - start_s >= 2 * 0.135 / 10  # two round trips, ten times as fast
        await bench.kill("svc-r1")
        await bench.provider.terminate("svc-r1", 0)
        again = await launched(bench, "svc-r1")
        link = await bench.provider.address_from("ap-northeast-1", again)
        assert b" 200 " in await answer(link)
        await clear(bench.provider)

    @story
    async def test_a_relay_that_died_comes_back_with_its_links(self, bench: LocalBench) -> None:
        await bench.provider.prepare(bench.spec(ONE, wan=True))
        unit = await launched(bench, "svc-r1")
        link = await bench.provider.address_from("ap-northeast-1", unit)
        record = orjson.loads((bench.state / ONE / "wan" / "relay" / "unit.json").read_bytes())
        relay = ProcessId(**record["process"])
        os.kill(relay.pid, signal.SIGKILL)
        while relay.is_running:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        await bench.again().prepare(bench.spec(ONE, wan=True))
        assert await bench.provider.address_from("ap-northeast-1", unit) == link
        assert b" 200 " in await answer(link)
        await clear(bench.provider)

    @story
    async def test_a_region_that_the_wan_does_not_know_is_said(self, bench: LocalBench) -> None:
        spec = bench.spec(ONE, wan=True)
        with pytest.raises(UserError, match="unknown region 'mars'"):
            await bench.provider.prepare(dataclasses.replace(spec, places=(Placeable("mars"),)))
        await bench.provider.prepare(spec)
        unit = await launched(bench, "svc-r1")
        with pytest.raises(ProviderError, match="no link from mars to svc-r1: unknown region"):
            await bench.provider.address_from("mars", unit)
        await clear(bench.provider)
