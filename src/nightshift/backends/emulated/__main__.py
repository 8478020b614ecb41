"""`python -m nightshift.backends.emulated`: the command without the rest of the command line."""

import sys

import typer

from nightshift.backends.emulated.command import engine
from nightshift.errors import UserError

if __name__ == "__main__":
    try:
        typer.run(engine)
    except UserError as error:
        typer.echo(f"nightshift: {error}", err=True)
        sys.exit(2)
