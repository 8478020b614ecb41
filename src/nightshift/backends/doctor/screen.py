"""Findings as a table, and as JSON."""

from dataclasses import asdict

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nightshift.backends.doctor.checks import Findings, State

_STYLES = {State.OK: "green", State.WARN: "yellow", State.MISSING: "red", State.NOT_ASKED: "dim"}


def show(findings: Findings, console: Console) -> None:
    """Print a table of all checks. What an engine said is shown as it is, without markup."""
    engine = findings.engine or "an engine that Nightshift does not know"
    title = f"{findings.url}: {engine}" + (f", {findings.version}" if findings.version else "")
    console.print(Text(title, style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("check", "state", "found", "what to do"):
        table.add_column(column, overflow="fold", no_wrap=column in {"check", "state"})
    for check in findings.checks:
        state = Text(check.state.value, style=_STYLES[check.state])
        table.add_row(Text(check.name), state, Text(check.found), Text(check.advice))
    console.print(table)


def as_json(findings: Findings) -> str:
    """Return the findings as one JSON object."""
    content = {"ok": findings.ok, **asdict(findings)}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
