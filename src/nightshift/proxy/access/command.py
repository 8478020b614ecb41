"""The command `nightshift keys`: makes keys for clients, and the lines that are stored of them."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from nightshift.errors import UserError

app = typer.Typer(
    name="keys",
    help="Make API keys for clients. A balancer stores only their hashes.",
    no_args_is_help=True,
    add_completion=False,
)

_Id = Annotated[str, typer.Option("--id", help="Whose key it is, as logs and metrics name it.")]
_Requests = Annotated[int | None, typer.Option(min=1, help="Requests that it may make in a minute.")]
_Tokens = Annotated[int | None, typer.Option(min=1, help="Tokens, of prompts and answers, in a minute.")]
_Model = Annotated[
    list[str] | None, typer.Option(help="A model that it may use. Default: all. Once for each.")
]
_Tenant = Annotated[str, typer.Option(help="Whom its requests count for. Default: the id.")]
_Expires = Annotated[
    datetime | None, typer.Option(help="When it ends, in UTC.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
]


@app.command()
def new(
    id_: _Id,
    *,
    requests_per_minute: _Requests = None,
    tokens_per_minute: _Tokens = None,
    model: _Model = None,
    tenant: _Tenant = "",
    expires: _Expires = None,
) -> None:
    """Draw a key. Prints it, this once, and below it the JSON line to store.

    The line goes into the file that the setting `keys_file` names, or into the list `keys`.
    """
    from nightshift.proxy.access.key_files import new_key

    key = new_key()
    line = _line(
        key,
        id=id_,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        models=model,
        tenant=tenant,
        expires=expires,
    )
    typer.echo(key)
    typer.echo(line)


@app.command("hash")
def hash_(
    id_: _Id,
    *,
    requests_per_minute: _Requests = None,
    tokens_per_minute: _Tokens = None,
    model: _Model = None,
    tenant: _Tenant = "",
    expires: _Expires = None,
) -> None:
    """Read a key from standard input and print the JSON line to store.

    For keys that were drawn elsewhere. The key is no argument: every user of a machine sees those.
    """
    key = sys.stdin.readline().strip()
    if not key:
        raise UserError("no key on standard input; for example: nightshift keys hash --id alice < key.txt")
    line = _line(
        key,
        id=id_,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        models=model,
        tenant=tenant,
        expires=expires,
    )
    typer.echo(line)


def _line(key: str, **values: Any) -> str:  # noqa: ANN401 - pydantic looks at each
    from pydantic import ValidationError

    from nightshift.proxy.access.key_files import digest_of
    from nightshift.proxy.access.settings import KeySettings

    values["models"] = values["models"] or None
    if values["expires"] is not None:
        values["expires"] = values["expires"].replace(tzinfo=UTC)
    try:
        settings = KeySettings(sha256=digest_of(key), **values)
    except ValidationError as error:
        message = "letters, digits and . _ @ -, at most 64, with a letter or a digit first"
        raise UserError(f"--id {values['id']}: {message}") from error
    return settings.model_dump_json(exclude_defaults=True)
