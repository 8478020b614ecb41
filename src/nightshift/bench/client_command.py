"""`nightshift bench client`: the users of one region, against one endpoint."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from nightshift.bench.measures import DEFAULT_SLO, SLO_HELP, Slo, Window, measure, parse_slo
from nightshift.errors import UserError

if TYPE_CHECKING:
    from nightshift.bench.client import ClientSettings, ClientSummary
    from nightshift.bench.workloads import Workload


class ClientCommand(TyperCommand):
    """Passes the flags of the chosen workload on, and lists those of all workloads in its help."""

    allow_extra_args = True
    ignore_unknown_options = True

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - their types are private to typer
        """Print the options, then each workload with its flags, then how the figures are computed."""
        from nightshift.bench.measures.screen import measures_help
        from nightshift.bench.workloads.screen import workloads_help

        super().format_help(ctx, formatter)
        typer.echo(f"{workloads_help()}\n\n{measures_help()}")


def client(
    ctx: typer.Context,
    *,
    endpoint: Annotated[str, typer.Option(help="Balancer or engine to ask, as host:port or URL.")],
    out: Annotated[
        Path, typer.Option(help="File for the records: JSON Lines, one request each. Must be new.")
    ],
    region: Annotated[str, typer.Option(help="Region that these users live in.")] = "none",
    workload: Annotated[
        str, typer.Option(help="What the users ask. Its own flags are given beside these; see below.")
    ] = "arena_syn",
    model: Annotated[str | None, typer.Option(help="Default: the first that /v1/models lists.")] = None,
    speed: Annotated[
        float,
        typer.Option(
            min=0.001,
            help="The fleet runs this many times faster than real: the client stops after duration / speed "
            "real seconds and multiplies every time in its records.",
        ),
    ] = 1.0,
    warmup: Annotated[
        float, typer.Option(min=0, help="Seconds to leave out of the figures that are printed; records stay.")
    ] = 0.0,
    ramp: Annotated[float, typer.Option(min=0, help="Users begin spread over this many seconds.")] = 2.0,
    start_at: Annotated[
        float | None,
        typer.Option(
            help="Common time 0 of several clients on one machine, in seconds of CLOCK_MONOTONIC "
            "(Python's time.monotonic()). Default: at once."
        ),
    ] = None,
    start_at_told: Annotated[
        bool,
        typer.Option(
            help="Write an event `prepared` to standard output when ready, and read --start-at from a line "
            "of standard input."
        ),
    ] = False,
    summary_out: Annotated[
        Path | None, typer.Option(help="File for the client's own account: CPU share, lag, counts (JSON).")
    ] = None,
    progress: Annotated[
        bool, typer.Option(help="Write a JSON line with counts to standard output each second.")
    ] = False,
    slo: Annotated[str, typer.Option(help=SLO_HELP)] = DEFAULT_SLO.text,
    with_parent: Annotated[bool, typer.Option(help="End when the parent process does.")] = False,
) -> None:
    """Ask what the users of one region ask, and record every request.

    Closed loop: each user goes on when its answer is there. Open loop (arena, trace, diurnal): each
    conversation begins when it is due. Requests that fail, and those still running when the time is up, are
    recorded as such. TTFT counts from just before sending to the first piece of content that is not empty,
    E2E to the chunk with a finish reason. On SIGINT or SIGTERM the run ends at once, in order.
    """
    from nightshift.bench.client import ClientSettings
    from nightshift.bench.workloads import workload as workload_named
    from nightshift.bench.workloads.arguments import parse
    from nightshift.processes import die_with_parent

    if with_parent:
        die_with_parent()
    objective = parse_slo(slo)
    load = workload_named(workload, parse(workload, ctx.args))
    load.users(region)  # what cannot be played is told before anything is written
    typer.echo(f"nightshift: data: {load.data}", err=True)
    settings = ClientSettings(region, endpoint, model, speed, ramp, start_at)
    summary = _run(settings, load, out, progress=progress, told=start_at_told)
    _write_summary(summary, summary_out)
    window = Window(warmup, min(load.duration_s, summary.elapsed_s))
    _print_figures(out, window, objective)


def _run(
    settings: "ClientSettings", workload: "Workload", out: Path, *, progress: bool, told: bool
) -> "ClientSummary":
    import orjson
    import uvloop

    from nightshift.bench.client import run_client
    from nightshift.bench.client.start_line import told_start
    from nightshift.bench.records import write_record

    def print_progress(counts: dict[str, object]) -> None:
        typer.echo(orjson.dumps(counts))

    try:
        file = out.open("xb")
    except OSError as error:
        raise UserError(
            f"cannot write {out}: {error.strerror}; give --out a new file in a folder that exists"
        ) from error
    try:
        with file:
            return uvloop.run(
                run_client(
                    settings,
                    workload,
                    write=lambda record: write_record(file, record),
                    progress=print_progress if progress else None,
                    told_start=told_start if told else None,
                )
            )
    except (OSError, ExceptionGroup) as error:
        raise _cannot_write(out, error) from error


def _cannot_write(path: Path, error: Exception) -> Exception:
    """Return what to tell where a file could not be written; `error` itself where it is something else."""
    cause: Exception = error
    while isinstance(cause, ExceptionGroup):
        found, _ = cause.split(OSError)
        if found is None:
            return error
        cause = found.exceptions[0]
    reason = cause.strerror if isinstance(cause, OSError) else cause
    return UserError(f"cannot write {path}: {reason}; free some space there, or choose another folder")


def _write_summary(summary: "ClientSummary", path: Path | None) -> None:
    import orjson

    for warning in summary.warnings():
        typer.echo(f"nightshift: warning: {warning}", err=True)
    if path is not None:
        written = orjson.dumps(summary.as_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        try:
            path.write_bytes(written)
        except OSError as error:
            raise _cannot_write(path, error) from error


def _print_figures(records: Path, window: Window, slo: Slo) -> None:
    from nightshift.bench.records import read_records

    typer.echo(
        f"good requests keep {slo.text} (nightshift bench measures says what each figure is)", err=True
    )
    figures = measure(read_records(records), window, slo)
    for line in figures.lines():
        typer.echo(line, err=True)
