"""`nightshift bench client` as a process: files written, progress told, mistakes in one line."""

import asyncio
import sys
from pathlib import Path

import orjson
import pytest
import typer
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner

from nightshift.bench.client_command import ClientCommand, client
from nightshift.bench.records import read_records
from nightshift.bench.workloads import WORKLOADS
from nightshift.bench.workloads.arguments import flags
from nightshift.errors import UserError

app = typer.Typer()
app.command(cls=ClientCommand)(client)

PROCESS = "from nightshift.cli import main; main()"


async def models(request: web.Request) -> web.Response:
    return web.json_response({"data": [{"id": "toy"}]})


async def complete(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b'data: {"choices":[{"delta":{"content":"Yes."},"finish_reason":"stop"}]}\n\n')
    usage = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}
    await response.write(b"data: " + orjson.dumps(usage) + b"\n\ndata: [DONE]\n\n")
    return response


async def run_against_a_server(*arguments: str) -> tuple[int | None, bytes, bytes]:
    service = web.Application()
    service.router.add_get("/v1/models", models)
    service.router.add_post("/v1/chat/completions", complete)
    async with TestServer(service) as server:
        endpoint = f"{server.host}:{server.port}"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", PROCESS, "bench", "client", "--endpoint", endpoint, "--with-parent", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out, err


def test_a_run_leaves_records_and_an_account(tmp_path: Path) -> None:
    records, account = tmp_path / "records-us.jsonl", tmp_path / "client-us.json"
    status, out, err = asyncio.run(
        run_against_a_server(
            *("--out", str(records), "--summary-out", str(account), "--region", "us", "--progress"),
            *(
                "--num-users",
                "2",
                "--num-conv",
                "40",
                "--duration",
                "10",
                "--ramp",
                "0",
                "--speed",
                "20",
                "--warmup",
                "1",
            ),
        )
    )
    assert status == 0, err.decode()
    seen = read_records(records)
    assert {record.region for record in seen} == {"us"}
    assert orjson.loads(account.read_bytes())["requests"] == len(seen) > 0
    progress = [orjson.loads(line) for line in out.splitlines()]
    assert progress
    assert {line["event"] for line in progress} == {"progress"}
    assert b"weighted_token_per_s" in err


def test_records_are_never_overwritten(tmp_path: Path) -> None:
    taken = tmp_path / "records.jsonl"
    taken.write_text("precious\n")
    result = CliRunner().invoke(app, ["--endpoint", "127.0.0.1:1", "--out", str(taken)])
    assert isinstance(result.exception, UserError)
    assert "give --out a new file" in str(result.exception)
    assert taken.read_text() == "precious\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workload", "nope"], "unknown workload 'nope'; known: arena_syn"),
        (["--num-users", "0"], "workload arena_syn: --num-users '0': "),
        (["--branches", "2"], "workload arena_syn has no flag --branches; it has --num-users, "),
        (["40"], "workload arena_syn: '40' belongs to no flag"),
        (["--data-set", "mine"], "workload arena_syn: --data-set 'mine': "),
    ],
)
def test_mistakes_are_told_before_anything_starts(tmp_path: Path, arguments: list[str], message: str) -> None:
    out = tmp_path / "records.jsonl"
    result = CliRunner().invoke(app, ["--endpoint", "127.0.0.1:1", "--out", str(out), *arguments])
    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith(message)
    assert not out.exists()


def test_help_lists_each_workload_with_its_flags() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    for name in WORKLOADS:
        assert f"\n  {name}: " in shown
        for flag, default, meaning in flags(name):
            assert meaning
            assert f"{flag} [{default}]" in shown
