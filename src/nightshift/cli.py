"""The command `nightshift`: joins the parts, decides nothing."""

import sys

import typer

from nightshift import __version__
from nightshift.errors import UserError

app = typer.Typer(
    name="nightshift",
    help="A load balancer for LLM inference that spans regions.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; a mistake of the user's ends in one line and status 2."""
    try:
        app()
    except UserError as error:
        typer.echo(f"nightshift: {error}", err=True)
        sys.exit(2)
