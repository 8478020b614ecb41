"""Reading single gauges off a page of Prometheus text without parsing the page.

An engine's page may exceed 100 kB, nearly all of it histograms that nobody here needs, and is read ten times
a second for each replica. So the wanted lines are searched for by name, which costs one pass of the C
library's search, and only they are taken apart. Engines register their load gauges one after another, so
the second gauge is looked for around the first before the whole page is searched: about one pass for all.

The format is Prometheus' text format 0.0.4 (prometheus.io, "Exposition formats"): lines end with LF; a line
is `name{label="value",...} value [time stamp]`; label values escape `\\`, `"` and LF, and may hold braces and
spaces; values are Go floats, with NaN and Inf; **all lines of one metric stand together**, which ends a
search at the first line of another metric. CR before LF is taken for space. A name that is quoted inside the
braces (UTF-8 names) is not understood: it is only sent to those who ask for it.
"""

from collections.abc import Iterator
from typing import NamedTuple

# Wide enough for the gauges of a few dozen ranks, narrow enough to cost nothing.
_NEIGHBOURHOOD_BYTES = 8192

_AFTER_NAME = frozenset(b"{ \t")  # anything else continues a longer name


class Sample(NamedTuple):
    """One line: its labels, braces and all, and its value; None if that is no number of anything.

    NaN, the infinities, negative and unreadable values are None: what an engine does not know is neither
    idle nor full.
    """

    labels: bytes
    value: float | None


def find(page: bytes, name: bytes, near: int = 0) -> int:
    """Return where the first line of the metric `name` begins, or -1. `near`: look around there first."""
    if near > 0:
        start = max(0, near - _NEIGHBOURHOOD_BYTES)
        at = _find(page, name, start, near + _NEIGHBOURHOOD_BYTES)
        if at >= 0:
            return at
    return _find(page, name, 0, len(page))


def _find(page: bytes, name: bytes, start: int, end: int) -> int:
    if start == 0 and page.startswith(name) and _name_ends(page, len(name)):
        return 0
    line = b"\n" + name
    at = page.find(line, start, end)
    while at >= 0 and not _name_ends(page, at + len(line)):
        at = page.find(line, at + 1, end)
    return at + 1 if at >= 0 else -1


def _name_ends(page: bytes, at: int) -> bool:
    return at < len(page) and page[at] in _AFTER_NAME


def samples(page: bytes, name: bytes, at: int) -> Iterator[Sample]:
    """Yield the samples of the metric `name`, whose first line begins at `at`: one for each set of labels."""
    while at >= 0 and page.startswith(name, at) and _name_ends(page, at + len(name)):
        end = page.find(b"\n", at)
        if end < 0:
            end = len(page)
        # A label's value may hold braces; what stands behind the last one, value and time stamp, may not.
        behind = page.rfind(b"}", at, end) + 1 or at + len(name)
        yield Sample(page[at + len(name) : behind], _number(page[behind:end]))
        at = end + 1


def _number(text: bytes) -> float | None:
    """Read `value` or `value time-stamp`."""
    try:
        value = float(text)
    except ValueError:
        fields = text.split()
        if len(fields) < 2:
            return None
        return _number(fields[0])
    return value if 0 <= value < 1e15 else None  # false for NaN too
