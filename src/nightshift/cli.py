"""The command `nightshift`: joins the parts, decides nothing."""

import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from nightshift import __version__
from nightshift.backends.doctor.command import doctor
from nightshift.backends.emulated.command import engine
from nightshift.bench.client_command import ClientCommand, client
from nightshift.bench.compare.command import compare
from nightshift.bench.compare.words import CompareCommand
from nightshift.bench.diff.command import diff
from nightshift.bench.export.command import export_command
from nightshift.bench.figures.command import plot
from nightshift.bench.measures.command import measures_command
from nightshift.bench.paper.command import paper_command
from nightshift.bench.proxy.command import proxy
from nightshift.bench.queue_fetcher.command import queue_fetcher
from nightshift.bench.report.command import report_command
from nightshift.bench.script.clients.command import app as clients_app
from nightshift.bench.script.command import gen_cmd
from nightshift.bench.script.words import SeveralWords
from nightshift.bench.sweep.command import sweep
from nightshift.bench.systems.command import systems_command
from nightshift.bench.trust.fit_command import fit_command
from nightshift.bench.trust.validate_command import validate_command
from nightshift.build import is_compiled
from nightshift.control.baselines.command import app as baseline_app
from nightshift.control.serve.commands import app as serve_app
from nightshift.control.up.commands import down, status, up
from nightshift.errors import NightshiftError, UserError
from nightshift.proxy.access.command import app as keys_app
from nightshift.proxy.admin.command import app as admin_app
from nightshift.proxy.command import balancer
from nightshift.wan.command import app as wan_app


class RunByDefault(TyperGroup):
    """A group whose command `run` is meant when only options are given."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer keeps the type to itself
        """Put `run` before the options, but for a question for help."""
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="nightshift",
    help="A load balancer for LLM inference that puts the GPUs of sleeping regions to work.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
bench = typer.Typer(help="Compare systems, drive load, make reports.", no_args_is_help=True)
engines = typer.Typer(cls=RunByDefault, help="An emulated engine; `run` may be left out.")
engines.command("run")(engine)
engines.command("fit")(fit_command)

for name, group in (("serve", serve_app), ("baseline", baseline_app)):
    app.add_typer(group, name=name, rich_help_panel="Run services across regions")
for of_service in (up, status, down):
    app.command(rich_help_panel="A fleet on this machine, for as long as its command")(of_service)
for part in (balancer, doctor):
    app.command(rich_help_panel="Single parts")(part)
app.add_typer(engines, name="engine", rich_help_panel="Single parts")
app.add_typer(keys_app, name="keys", rich_help_panel="Single parts")
app.add_typer(admin_app, name="admin", rich_help_panel="Single parts")
app.add_typer(wan_app, name="wan", rich_help_panel="Single parts")
app.add_typer(bench, name="bench", rich_help_panel="Measure")
bench.command("compare", cls=CompareCommand)(compare)
bench.command("client", cls=ClientCommand)(client)
bench.command("report")(report_command)
bench.command("plot")(plot)
bench.command("diff")(diff)
bench.command("sweep")(sweep)
bench.command("export")(export_command)
bench.command("measures")(measures_command)
bench.command("systems")(systems_command)
bench.command("proxy")(proxy)
bench.command("validate")(validate_command)
bench.command("paper")(paper_command)
bench.command("gen-cmd", cls=SeveralWords)(gen_cmd)
bench.command("queue-fetcher")(queue_fetcher)
bench.add_typer(clients_app, name="clients")


@app.callback(invoke_without_command=True)
def options(*, version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    """Options of the command itself."""
    if version:
        typer.echo(f"nightshift {__version__}{' (compiled)' if is_compiled() else ''}")
        raise typer.Exit


def main() -> None:
    """Run the command line; a mistake of the user's ends in one line and status 2."""
    try:
        app()
    except UserError as error:
        _end(error, 2)
    except NightshiftError as error:
        _end(error, 1)


def _end(error: NightshiftError, status: int) -> NoReturn:
    typer.echo(f"nightshift: {error}", err=True)
    sys.exit(status)
