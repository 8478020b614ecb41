"""How many files a process may have open: the soft limit is raised to the hard one; children inherit it."""

import resource

SPARE = 128
"""Descriptors for what is no stream: listening sockets, logs, probes."""


def raise_limit() -> int:
    """Raise this process's soft limit to the hard one, and return that."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def streams_within(limit: int) -> int:
    """Return how many streams a proxy can have open: each takes a connection on both of its sides."""
    return (limit - SPARE) // 2
