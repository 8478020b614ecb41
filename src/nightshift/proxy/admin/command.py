"""The command line `nightshift admin`: asks a balancer's admin API."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import orjson
import typer

from nightshift.errors import UserError
from nightshift.proxy.admin.client import AdminClient, Facts
from nightshift.proxy.admin.questions import DEFAULT_PORT, MAX_DECISIONS

app = typer.Typer(
    name="admin",
    help="Look at a running balancer and steer it, over its admin listener.",
    no_args_is_help=True,
    add_completion=False,
)
replica = typer.Typer(help="Take a replica out of use, and back.", no_args_is_help=True)
app.add_typer(replica, name="replica")

_Url = Annotated[
    str, typer.Option("--url", help="Where the admin listener is.", envvar="NIGHTSHIFT_ADMIN_URL")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_Replica = Annotated[str, typer.Argument(metavar="ID", help="A replica, by the name that `state` gives it.")]

_URL = f"http://127.0.0.1:{DEFAULT_PORT}"
_TOKEN = "NIGHTSHIFT_PEER_TOKEN"  # noqa: S105  # its name; the token itself would be seen in a process list


@app.command()
def state(url: _Url = _URL, *, as_json: _Json = False) -> None:
    """Show what the balancer knows: its queue, its replicas, its peers.

    The token comes from the environment, NIGHTSHIFT_PEER_TOKEN, for all of these commands.
    """
    from nightshift.proxy.admin.screen import Screen

    _show(_ask(url, "GET", "/admin/state"), Screen().state, as_json=as_json)


@app.command()
def decisions(
    url: _Url = _URL,
    *,
    last: Annotated[int, typer.Option(help="How many, at most.", min=1, max=MAX_DECISIONS)] = 5,
    as_json: _Json = False,
) -> None:
    """Show where the latest requests went, who else could have had them, and why the winner won."""
    from nightshift.proxy.admin.screen import Screen

    answer = _ask(url, "GET", f"/admin/decisions?last={last}")
    _show(answer, lambda content: Screen().decisions(content["decisions"]), as_json=as_json)


@app.command()
def why(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="A request, as the access log names it.")],
    url: _Url = _URL,
    *,
    as_json: _Json = False,
) -> None:
    """Show why one request went where it went, if that was not long ago."""
    from nightshift.proxy.admin.screen import Screen

    made = _ask(url, "GET", f"/admin/decisions?last={MAX_DECISIONS}")["decisions"]
    about = [decision for decision in made if decision["request_id"] == request_id]
    if not about:
        raise UserError(f"nothing is remembered of {request_id!r}; its line in the access log stays")
    _show({"decisions": about}, lambda content: Screen().decisions(content["decisions"]), as_json=as_json)


@app.command()
def config(url: _Url = _URL, *, as_json: _Json = False) -> None:
    """Show the settings in force, without their secrets."""
    _show_facts(_ask(url, "GET", "/admin/config"), as_json=as_json)


@app.command()
def health(url: _Url = _URL, *, as_json: _Json = False) -> None:
    """Tell whether the balancer runs, and whether it drains. Needs no token."""
    _show_facts(_ask(url, "GET", "/admin/health"), as_json=as_json)


@app.command()
def metrics(url: _Url = _URL) -> None:
    """Print the metrics as Prometheus reads them."""
    sys.stdout.write(_client(url).raw("GET", "/metrics").decode())


@app.command()
def drain(
    url: _Url = _URL,
    *,
    grace: Annotated[
        float | None, typer.Option(help="Seconds that running requests get. Default: limits.drain_s.", min=0)
    ] = None,
    as_json: _Json = False,
) -> None:
    """Have the balancer take no new requests; running ones get the grace to end."""
    answer = _ask(url, "POST", "/admin/drain", {} if grace is None else {"grace_s": grace})
    _show_line(
        answer,
        lambda content: f"draining; running requests get {content['grace_s']:g} s",
        as_json=as_json,
    )


@app.command()
def reload(url: _Url = _URL, *, as_json: _Json = False) -> None:
    """Have the balancer read its configuration file again; if it is wrong, the old one stays."""
    answer = _ask(url, "POST", "/admin/reload")
    _show_line(
        answer,
        lambda content: "changed: " + (", ".join(content["changed"]) or "nothing"),
        as_json=as_json,
    )


@app.command()
def targets(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help='JSON: {"replicas": [...], "peers": [...]}; - is stdin.')
    ],
    url: _Url = _URL,
    *,
    as_json: _Json = False,
) -> None:
    """Give the balancer these replicas and peers instead of those it has."""
    answer = _ask(url, "PUT", "/admin/targets", _read(file))
    _show_line(
        answer,
        lambda content: f"{content['replicas']} replicas, {content['peers']} peers",
        as_json=as_json,
    )


@replica.command("drain")
def drain_replica(id_: _Replica, url: _Url = _URL, *, as_json: _Json = False) -> None:
    """Send nothing new to a replica; what runs there ends."""
    _steer_replica(id_, "drain", url, as_json=as_json)


@replica.command("undrain")
def undrain_replica(id_: _Replica, url: _Url = _URL, *, as_json: _Json = False) -> None:
    """Send requests to a replica again."""
    _steer_replica(id_, "undrain", url, as_json=as_json)


def _steer_replica(id_: str, what: str, url: str, *, as_json: bool) -> None:
    answer = _ask(url, "POST", f"/admin/replicas/{quote(id_, safe='')}/{what}")

    def line(content: Facts) -> str:
        how = "takes nothing new" if content["draining"] else "takes requests again"
        return f"{content['id']} {how}; {content['outstanding']} outstanding"

    _show_line(answer, line, as_json=as_json)


def _client(url: str) -> AdminClient:
    import os

    return AdminClient(url, os.environ.get(_TOKEN))


def _ask(url: str, method: str, path: str, body: object = None) -> Facts:
    return _client(url).json(method, path, body)


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}") from error


def _show(content: Facts, show: Callable[[Facts], None], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        show(content)


def _show_facts(content: Facts, *, as_json: bool) -> None:
    from nightshift.proxy.admin.screen import Screen

    _show(content, Screen().facts, as_json=as_json)


def _show_line(content: Facts, line: Callable[[Facts], str], *, as_json: bool) -> None:
    from nightshift.proxy.admin.screen import Screen

    _show(content, lambda facts: Screen().say(line(facts)), as_json=as_json)
