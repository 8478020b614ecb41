"""Live or virtual."""

from enum import StrEnum


class Time(StrEnum):
    """What carries an experiment out."""

    LIVE = "live"
    """Real processes."""
    VIRTUAL = "virtual"
    """The same decisions and the same engine model on a queue of events."""
