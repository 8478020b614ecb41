"""`nightshift bench clients ...`: what the script of `gen-cmd` calls; each can be called by hand, too."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightshift.errors import UserError

if TYPE_CHECKING:
    from nightshift.bench.script.clients.base import Clients

app = typer.Typer(
    name="clients", help="Load generators in regions: launch, give jobs, wait, collect.", no_args_is_help=True
)

_Provider = Annotated[str, typer.Option(help="local: processes of this machine; skypilot: clouds.")]
_Name = Annotated[str, typer.Option(help="Name of the set of clients; several sets may be up.")]
_Resources = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="SkyPilot's resources of a client, without region: cloud=aws."),
]
_Region = Annotated[str, typer.Option(help="One region.")]
_Regions = Annotated[str, typer.Option(help="Regions, with commas between.")]
_Job = Annotated[str, typer.Option(help="Name of the job: EXPERIMENT_SYSTEM.")]


@app.command()
def up(
    *,
    region: _Region,
    provider: _Provider = "local",
    name: _Name = "llmc",
    resources: _Resources = None,
    reload: Annotated[bool, typer.Option("--reload", help="Set up anew what is up already.")] = False,
) -> None:
    """Let there be a client machine in a region; one that is up stays."""
    asyncio.run(_clients(provider, name, resources).up(region, reload=reload))
    typer.echo(f"{region}: up")


@app.command()
def submit(
    words: Annotated[list[str], typer.Argument(metavar="-- WORDS", help="For `nightshift bench client`.")],
    *,
    region: _Region,
    job: _Job,
    start_epoch: Annotated[
        float, typer.Option(help="Common time 0 of all regions, in seconds since 1970: `date +%s` + 10.")
    ],
    provider: _Provider = "local",
    name: _Name = "llmc",
    resources: _Resources = None,
    env: Annotated[list[str] | None, typer.Option(metavar="K[=V]", help="Environment of the job.")] = None,
) -> None:
    """Give a job to the client of a region, and return when it has it."""
    from nightshift.bench.script.clients.base import Job
    from nightshift.control.service.envs import parse_env_flags

    envs = parse_env_flags(env or (), os.environ)
    order = Job(job, region, start_epoch, datetime.now(UTC).timestamp(), tuple(words), envs)
    asyncio.run(_clients(provider, name, resources).submit(order))
    typer.echo(f"{region}: {job} submitted")


@app.command()
def wait(
    *,
    regions: _Regions,
    job: Annotated[list[str], typer.Option(help="Name of a job; several may be given.")],
    provider: _Provider = "local",
    name: _Name = "llmc",
    resources: _Resources = None,
    timeout: Annotated[float, typer.Option(help="Give up after so many seconds.")] = 24 * 3600.0,
) -> None:
    """Wait until the jobs have succeeded in all regions; end with status 1 at the first that fails."""
    from nightshift.bench.script.clients.waiting import until_succeeded

    wanted = [(region, one) for one in job for region in _split(regions)]
    asyncio.run(until_succeeded(_clients(provider, name, resources), wanted, timeout, typer.echo))


@app.command()
def collect(
    *,
    regions: _Regions,
    job: _Job,
    to: Annotated[Path, typer.Option(help="Folder of the system's results, made if it is not there.")],
    provider: _Provider = "local",
    name: _Name = "llmc",
    resources: _Resources = None,
    samples: Annotated[Path | None, typer.Option(help="What the queue fetcher has written of it.")] = None,
    speed: Annotated[float, typer.Option(help="How many times faster than real the fleet ran.")] = 1.0,
    duration: Annotated[float, typer.Option(help="Seconds that the run was to last.")] = 120.0,
    partial: Annotated[str | None, typer.Option(help="Why the results cannot be complete.")] = None,
) -> None:
    """Copy what the jobs of a system have written, and say whether it is complete."""
    from nightshift.bench.script.clients.collecting import Collected, collect

    what = Collected(job, _split(regions), to, samples, speed, duration)
    done = asyncio.run(collect(_clients(provider, name, resources), what, partial or ""))
    typer.echo(f"{job}: {done['state']}{': ' + done['why'] if done['why'] else ''}")


@app.command()
def cancel(
    *,
    regions: _Regions,
    job: _Job,
    provider: _Provider = "local",
    name: _Name = "llmc",
    resources: _Resources = None,
) -> None:
    """End a job in all regions; the client writes what it has."""
    clients = _clients(provider, name, resources)
    _for_each(_split(regions), lambda region: clients.cancel(region, job))


@app.command()
def down(
    *, regions: _Regions, provider: _Provider = "local", name: _Name = "llmc", resources: _Resources = None
) -> None:
    """Let nothing of the clients be left: jobs, files, machines. Collect before."""
    clients = _clients(provider, name, resources)
    _for_each(_split(regions), clients.down)
    typer.echo(f"{regions}: down")


@app.command()
def finish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Result folder that `collect` has filled.")],
) -> None:
    """Write summary.json of what has been collected; `nightshift bench report DIR` draws it."""
    from nightshift.bench.script.clients.finishing import summarize

    typer.echo(f"summary: {summarize(folder)}")


@app.command(hidden=True)
def job(
    words: Annotated[list[str], typer.Argument(metavar="-- WORDS")],
    *,
    folder: Annotated[Path, typer.Option()],
    region: _Region,
    start_epoch: Annotated[float, typer.Option()],
    submitted_epoch: Annotated[float, typer.Option()],
) -> None:
    """Be a job, on its machine."""
    from nightshift.bench.script.clients.job import become_client

    try:
        become_client(folder.expanduser(), region, start_epoch, submitted_epoch, words)
    except OSError as error:
        raise UserError(f"cannot begin in {folder}: {error}") from error


def _clients(provider: str, name: str, resources: Sequence[str] | None) -> "Clients":
    if provider == "local":
        from nightshift.bench.script.clients.local import LocalClients

        return LocalClients(name)
    if provider == "skypilot":
        from nightshift.bench.script.clients.skypilot import SkyPilotClients

        pairs = [one.partition("=") for one in resources or ()]
        if wrong := [key for key, equals, _ in pairs if not (key and equals)]:
            raise UserError(f"--resources {wrong[0]}: KEY=VALUE is wanted, like cloud=aws")
        return SkyPilotClients(name, {key: value for key, _, value in pairs})
    raise UserError(f"--provider {provider}: choose local or skypilot")


def _split(regions: str) -> list[str]:
    found = [region for region in regions.split(",") if region]
    if not found:
        raise UserError("--regions names no region")
    return found


def _for_each(regions: Sequence[str], do: Callable[[str], Awaitable[None]]) -> None:
    """Do it in all regions at once and to the end; then raise the first error, after telling the others."""

    async def everywhere() -> list[BaseException | None]:
        return await asyncio.gather(*(do(region) for region in regions), return_exceptions=True)

    errors = [error for error in asyncio.run(everywhere()) if error is not None]
    for error in errors[1:]:
        sys.stderr.write(f"nightshift: {error}\n")
    if errors:
        raise errors[0]
