"""Reading single gauges off a page of Prometheus text without parsing the page.

An engine's page may exceed 100 kB, nearly all of it histograms that nobody here needs, and is read ten times
a second for each replica. So the wanted lines are searched for by name, which costs one pass of the C
library's `memmem`, and only they are taken apart. A data-parallel engine has one line for each rank.
"""

from collections.abc import Iterator

from nightshift.errors import NightshiftError


class MetricsError(NightshiftError):
    """The page does not tell what it should: a gauge is missing, or its value is no number."""


def values(page: bytes, name: bytes) -> Iterator[float]:
    """Yield the value of each sample of the metric `name`, one for each set of labels.

    Raises `MetricsError` for a value that is NaN, infinite, negative or unreadable: what an engine does
    not know is neither idle nor full.
    """
    at = 0 if page.startswith(name) else _line_of(page, name, 0)
    while at >= 0:
        end = page.find(b"\n", at)
        line = page[at:] if end < 0 else page[at:end]
        rest = line[len(name) :]
        if rest[:1] in (b"{", b" ", b"\t"):  # else this is the beginning of a longer name
            yield _value(name, rest)
        at = -1 if end < 0 else _line_of(page, name, end)


def _line_of(page: bytes, name: bytes, start: int) -> int:
    found = page.find(b"\n" + name, start)
    return found + 1 if found >= 0 else -1


def _value(name: bytes, rest: bytes) -> float:
    """Read ` value` or `{labels} value`, either with a time stamp behind. A label may hold a brace."""
    fields = rest[rest.rfind(b"}") + 1 :].split()
    try:
        value = float(fields[0])
    except (IndexError, ValueError):
        raise MetricsError(f"{name.decode()} has no number: {rest[-60:]!r}") from None
    if not 0 <= value < 1e15:  # false for NaN too
        raise MetricsError(f"{name.decode()} is {value}")
    return value
