"""`nightshift bench queue-fetcher`."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightshift.errors import NightshiftError, UserError

if TYPE_CHECKING:
    from nightshift.bench.queue_fetcher.targets import Target, View

_SIGNAL_POLL_S = 0.5


def queue_fetcher(
    *,
    exp2backend: Annotated[
        str,
        typer.Option(
            help="JSON, experiment -> a service's name, SERVICE/BASELINE, or an endpoint of a service: "
            '\'{"exp_sky_pull_pull": "svc3", "exp_sgl": "svc1/sglang-router"}\'.'
        ),
    ],
    output_dir: Annotated[Path, typer.Option(help="Files go to OUTPUT_DIR/queue_size/.")] = Path("results"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the start.")] = False,
    signal_file: Annotated[
        Path | None,
        typer.Option(help="Told `ready` at the start; ends when the file says `stop`. Else by a signal."),
    ] = None,
) -> None:
    """Write down once a second what waits in the balancers of services, and in their engines.

    For each experiment OUTPUT_DIR/queue_size/EXPERIMENT.txt has the original's lines (the queue of each
    balancer, by its address) and EXPERIMENT.samples.jsonl those that figures are drawn from. Ends on SIGINT,
    SIGTERM, or by --signal-file.
    """
    from nightshift.bench.queue_fetcher.targets import parse, resolve

    source = _Source()
    targets = resolve(parse(exp2backend), source.views())
    folder = output_dir / "queue_size"
    for target in targets:
        path = folder / f"{target.experiment}.txt"
        typer.echo(f"Pulling queue status:      tail -f {path} | jq")
        if target.service is None:
            typer.echo(f"  {target.backend} is no endpoint of a service here: nothing can be asked")
    if not yes:
        typer.confirm("Begin?", default=True, abort=True)
    try:
        with ExitStack() as stack:
            looks = asyncio.run(_run(targets, folder, source, signal_file, stack))
    except OSError as error:
        raise UserError(f"cannot write in {folder}: {error.strerror}") from error
    _keep_logs(source, targets, folder)
    typer.echo(f"Queue status puller finished; {looks} looks.")


class _Source:
    """The controller, found again when it has died."""

    def __init__(self) -> None:
        from nightshift.control.controller.places import Places

        self._places = Places.usual()
        if not self._places.root.exists():
            raise UserError("no service runs; launch one with `nightshift serve up FILE -n NAME`")

    def views(self) -> "Sequence[View]":
        """Return all services. Raises `NightshiftError`."""
        from nightshift.control.serve.contact import ensure

        return ensure(self._places, database=os.environ.get("NIGHTSHIFT_DATABASE")).services()

    def log(self, service: str, unit: str) -> bytes:
        """Return what a unit has written."""
        from nightshift.control.serve.contact import ensure

        return b"".join(ensure(self._places).logs(service, unit, follow=False))


async def _run(
    targets: "Sequence[Target]", folder: Path, source: _Source, signal_file: Path | None, stack: ExitStack
) -> int:
    from nightshift.bench.queue_fetcher.fetching import Files, fetch

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    files = Files(folder, targets, stack)
    async with asyncio.TaskGroup() as group:
        watch = None if signal_file is None else group.create_task(_watch(signal_file, stop))
        looks = await fetch(targets, files, source.views, stop=stop, say=_complain)
        if watch is not None:
            watch.cancel()
    return looks


def _complain(text: str) -> None:
    typer.echo(f"nightshift: {text}", err=True)


async def _watch(path: Path, stop: asyncio.Event) -> None:
    """Say that it has begun, and set `stop` when the file says so or is gone."""
    _say_ready(path)
    while _said(path) not in ("stop", None):  # noqa: ASYNC110 - a file has no event to wait for
        await asyncio.sleep(_SIGNAL_POLL_S)
    stop.set()


def _say_ready(path: Path) -> None:
    if _said(path) != "stop":
        path.write_text("ready\n")


def _said(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _keep_logs(source: _Source, targets: "Sequence[Target]", folder: Path) -> None:
    """Keep the logs of routers that are not ours: they are all that tells of their queues."""
    known = {str(view["name"]): view for view in source.views()}
    for target in targets:
        for unit in target.entries(known):
            if unit["queue"] is not None or target.baseline is None:
                continue
            try:
                log = source.log(str(target.service), str(unit["name"]))
            except NightshiftError as error:
                typer.echo(f"the log of {unit['name']} is lost: {error}", err=True)
                continue
            (folder / f"{target.experiment}.log").write_bytes(log)
