"""Writes the page of all systems: `python -m nightshift.bench.systems.docs`.

Without an argument it prints the page; with a path it writes the file.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from nightshift.balancing.presets import SETS
from nightshift.bench.systems.table import Row, rows

_HEAD = """\
# The systems

*Made by `python -m nightshift.bench.systems.docs` from the code: change it there.*

Every system is a row of one table: a point in the space of the switches that a service file has
([service.switches](service-file.md)), or a program that is not ours. None has code of its own beside
its policy. `nightshift bench systems` prints the table, with `--json` every switch.

A system is called by its number, its name, or its place in a set: `nightshift bench compare --systems
0,sky_walker_prefix,paper:2`. `--systems paper` takes a whole set. A service file takes every system but
programs that are not ours: those stand before a service's replicas, by `nightshift baseline up
sglang-router` or `vllm-router`.

"""
_SETS = {
    "seed": "The seven systems of April 2025, in the order of their numbers.",
    "paper": "The six of the published evaluation. Their place is the number that they had there.",
    "wide": "The ablation of May 2025: 19 systems, by their number there. Published lists have numbers and "
    "variables alone; names are ours.",
    "figure9": "When to push to a replica: at once (BP), below a fixed limit (SP-O), while none is pending "
    "(SP-P).",
    "figure10": "SkyWalker, and the same with regions that never exchange a request.",
    "field": "What other projects do: their rules in our balancer, and one real program.",
    "nightshift": "The default of a service.",
    "trial": "The default, and what may become part of it.",
}
_TAIL = """
## What the columns mean
- **balancers**: one for all regions in the first, with every replica; or one in each, with that
  region's.
- **across**: how a request gets to another region. *Steals*: an idle balancer asks the others.
  *Pushes*: each request first goes through the policy over all balancers. *Selective push*: local
  first, to a peer only when no replica here is available and the peer has room.
- **to replicas**: when a replica gets a request. *At once*: always (blind push). *While none is
  pending*: while its engine reports no waiting request. *Below n outstanding*: by this balancer's own
  count.
- **replicas by**, **peers by**: the policy among replicas, and among balancers. *Any match*: without
  the way out to the least loaded where less than half of the prompt matches.

## How faithful they are
The original's rows do what its variables say (`DO_PUSHING_ACROSS_LB` and so on; a test holds each row
to them), with two intended differences: no request is lost where the original's queue could lose one,
and a balancer that chooses itself makes no network hop. April's systems and the wide set take a peer
with any queue for full; the paper's take up to ten, and no more than wait here.

An external program cannot run in virtual time. There its `stands_in` switches run in its place, marked
*emulated*: the SGLang router and vllm-router as a cache-aware blind push with the thresholds that the
real ones are started with (0.5 / 32 / 1.0001 and 0.3 / 64 / 1.5). Where no prefix matches, theirs take
the worker with the smallest tree, or in later versions the least loaded; the stand-ins take the least
loaded.

Rules of the field are re-implemented from their sources, which the policies name, and are not measured
against the projects themselves. A row's numbers say something of the rule, not of the product.
"""


def page() -> str:
    """Return the page."""
    return _HEAD + "\n".join(line for name in SETS for line in _section(name)) + _TAIL


def _section(name: str) -> Iterator[str]:
    yield f"## `{name}`\n"
    yield f"{_SETS[name]}\n"
    yield "| place | no. | name | legend | balancers | across | to replicas | replicas by | peers by |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    found = rows(name)
    for place, row in enumerate(found):
        yield "| " + " | ".join(_cells(place, row)) + " |"
    if notes := [f"- `{row.suffix}`: {row.note}." for row in found if row.note]:
        yield ""
        yield from notes
    yield ""


def _cells(place: int, row: Row) -> tuple[str, ...]:
    return (
        *(str(place), row.number, f"`{row.suffix}`", row.legend, row.balancers, row.across, row.to_replicas),
        *(row.replica_policy, row.peer_policy),
    )


def main(arguments: list[str]) -> None:
    """Print the page, or write it to the path in `arguments`."""
    if arguments:
        Path(arguments[0]).write_text(page())
    else:
        sys.stdout.write(page())


if __name__ == "__main__":
    main(sys.argv[1:])
