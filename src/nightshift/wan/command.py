"""The command line `nightshift wan`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nightshift.errors import UserError

app = typer.Typer(
    name="wan",
    help="Emulate the WAN between regions on this machine: delay, jitter, bandwidth, cuts.",
    no_args_is_help=True,
    add_completion=False,
)

_Control = Annotated[str, typer.Option("--control", help="The relay's control API, e.g. 127.0.0.1:7001.")]
_A = Annotated[str, typer.Argument(metavar="A", help="A region, e.g. us-east-2.")]
_B = Annotated[str, typer.Argument(metavar="B", help="Another region.")]
_OneWay = Annotated[bool, typer.Option("--one-way", help="Only from A to B, not back.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def run(
    spec: Annotated[
        Path, typer.Argument(metavar="SPEC", help="JSON file: links, matrix, speed; `-` is standard input.")
    ],
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when the parent process ends.")
    ] = False,
) -> None:
    """Relay the links of SPEC until SIGTERM or Ctrl-C.

    A minimal SPEC: {"links": [{"name": "tokyo", "from": "us-east-2", "to": "ap-northeast-1",
    "listen": "127.0.0.1:7000", "target": "127.0.0.1:8000"}], "control": {"listen": "127.0.0.1:7001"}}.
    Prints one JSON line with the addresses when it serves.
    """
    import uvloop

    from nightshift.processes import die_with_parent
    from nightshift.wan.server import serve
    from nightshift.wan.spec import parse_spec

    if with_parent:
        die_with_parent()
    uvloop.run(serve(parse_spec(_read(spec), str(spec))))


@app.command()
def cut(
    a: _A,
    b: _B,
    control: _Control,
    kind: Annotated[
        str,
        typer.Option(help="hold: bytes wait until healed. reset: connections are reset, new ones refused."),
    ] = "hold",
    one_way: _OneWay = False,
) -> None:
    """Cut region A from region B, both ways unless --one-way."""
    _report("cut", _client(control).cut(a, b, kind, one_way=one_way))


@app.command()
def heal(
    control: _Control,
    a: Annotated[
        str | None, typer.Argument(metavar="A", help="A region; without regions, heal everything.")
    ] = None,
    b: Annotated[str | None, typer.Argument(metavar="B", help="Another region.")] = None,
    one_way: _OneWay = False,
) -> None:
    """Undo cuts between regions A and B, or all cuts. What was held arrives, in order."""
    client = _client(control)
    if a is None:
        _report("healed", client.heal_all())
    elif b is None:
        raise UserError("heal takes two regions, or none for everything")
    else:
        _report("healed", client.heal(a, b, one_way=one_way))


@app.command()
def status(control: _Control, as_json: _Json = False) -> None:
    """Show each link: state, asked delay, traffic, and how late the relay itself was."""
    state = _client(control).links()
    if as_json:
        _print_json(state)
        return
    from nightshift.wan.tables import print_links

    print_links(state)


@app.command()
def measure(
    as_json: _Json = False,
    connections: Annotated[int, typer.Option(min=1, max=500, help="Streams at the same time.")] = 20,
    chunks: Annotated[
        int, typer.Option(min=10, max=10_000, help="Chunks of each stream, 20 ms apart.")
    ] = 150,
) -> None:
    """Measure the relay itself: the delay that it adds beyond the asked one, and its CPU time per chunk.

    Streams chunks of 200 bytes over loopback: directly, through a relay with 0 ms, and with 67.5 ms one way
    (us-east-2 to ap-northeast-1). Takes about ten seconds.
    """
    from nightshift.wan.measure import measure_all

    results = asyncio.run(measure_all(connections, chunks))
    if as_json:
        _print_json(results)
        return
    from nightshift.wan.tables import print_measurement

    print_measurement(results)


def _client(control: str) -> Any:  # noqa: ANN401 - ControlClient, imported late so that --help stays quick
    from nightshift.wan.client import ControlClient

    return ControlClient(control)


def _read(spec: Path) -> bytes:
    if str(spec) == "-":
        return sys.stdin.buffer.read()
    try:
        return spec.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {spec}: {error.strerror}") from error


def _report(done: str, names: list[str]) -> None:
    typer.echo(f"{done}: {', '.join(names)}")


def _print_json(content: object) -> None:
    import orjson

    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
