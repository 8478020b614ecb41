"""`python -m tests.edge.report [FILE]`: the corpus through five servers, as a page of tables.

Every row goes to every server once. The page names each miss; a server that misses nothing has an empty
column.
"""

import asyncio
import logging
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path

from tests.edge.corpus import ALL, ROWS
from tests.edge.judge import Verdict, judge
from tests.edge.origin import serve_origin
from tests.edge.servers import SERVERS

from nightshift.processes import address_of, bind

PATIENCE_S = 1.5
HEAD = """# HTTP/1.1 conformance beside other servers

`make edge-report` sends {count} requests, malformed, ambiguous or merely rare, through this balancer and
four other servers, and writes this page. The requests are data in `tests/edge/corpus.py`, each with the
answers that RFC 9110 and RFC 9112 allow; where the RFC leaves a choice, every choice is allowed. A miss is
a status that is not among them, a connection that stays open although its framing is lost, one that closes
without need, or a forbidden byte that reaches the application. `make test` runs the same rows against this
balancer alone.

One run each, on one machine, with the servers' default settings; HAProxy and nginx stand before the same
aiohttp application as this balancer, uvicorn and aiohttp serve it themselves. Versions: {versions}.

What the numbers do not say: HAProxy and nginx speak more protocols, and some of their leniency is on
purpose (both pass on what old clients send). A row is one opinion of what the RFC says; the clause is
beside it.
"""


async def measure() -> dict[str, dict[str, Verdict]]:
    """Return the verdicts by server and row."""
    found: dict[str, dict[str, Verdict]] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sock = bind("127.0.0.1", 0)
        origin = await serve_origin(sock)
        stack.push_async_callback(origin.cleanup)
        for name, running in SERVERS.items():
            async with running(address_of(sock), folder) as address:
                found[name] = {row.name: await judge(row, address, PATIENCE_S) for row in ALL}
    return found


def page(found: dict[str, dict[str, Verdict]]) -> str:
    """Return the page."""
    parts = [HEAD.format(count=len(ALL), versions=_versions()), _totals(found)]
    for title, rows in ROWS.items():
        missed = [row for row in rows if any(found[server][row.name].miss for server in found)]
        if not missed:
            continue
        parts.append(f"\n## Misses: {title}\n")
        parts.append(_table(["request", "RFC", *found]))
        parts += (
            _line([row.name, row.rule, *(found[server][row.name].miss for server in found)]) for row in missed
        )
    return "\n".join(parts) + "\n"


def _totals(found: dict[str, dict[str, Verdict]]) -> str:
    lines = [_table(["requests", "number", *found])]
    for title, rows in ROWS.items():
        lines.append(
            _line([title, str(len(rows)), *(_missed(found[s], [r.name for r in rows]) for s in found)])
        )
    every = [row.name for row in ALL]
    lines.append(
        _line(["**misses in all**", str(len(ALL)), *(f"**{_missed(found[s], every)}**" for s in found)])
    )
    return "\n".join(lines)


def _missed(verdicts: dict[str, Verdict], names: list[str]) -> str:
    return str(sum(bool(verdicts[name].miss) for name in names))


def _table(titles: list[str]) -> str:
    return _line(titles) + "\n" + _line(["---"] * len(titles))


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _versions() -> str:
    haproxy = _said("haproxy", "-v").split()[2]
    nginx = _said("nginx", "-v").rpartition("/")[2].strip()
    python = ", ".join(f"{name} {version(name)}" for name in ("uvicorn", "httptools", "aiohttp"))
    return f"HAProxy {haproxy}, nginx {nginx}, {python}"


def _said(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout


def main() -> None:
    """Write the page, and say how many rows each server missed."""
    logging.disable(logging.CRITICAL)  # aiohttp logs each of its refusals with a traceback
    found = asyncio.run(measure())
    text = page(found)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text)
    sys.stdout.write(_totals(found) + "\n")


if __name__ == "__main__":
    main()
