"""The workloads and their flags, as `nightshift bench client --help` lists them."""

from collections.abc import Iterator
from textwrap import wrap

from nightshift.bench.workloads.arguments import flags
from nightshift.bench.workloads.registry import WORKLOADS

_WIDTH = 100
_INDENT = " " * 4


def workloads_help() -> str:
    """Return a paragraph for each workload: what it sends, then its flags with defaults."""
    return "\n".join(["Workloads, and the flags of each:", *_lines()])


def _lines() -> Iterator[str]:
    for name, kind in WORKLOADS.items():
        yield f"\n  {name}: {kind.summary}"
        for flag, default, meaning in flags(name):
            first, *more = wrap(f"{flag} [{default}]  {meaning}", _WIDTH - len(_INDENT))
            yield _INDENT + first
            yield from (_INDENT * 2 + line for line in more)
