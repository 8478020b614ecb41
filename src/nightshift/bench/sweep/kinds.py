"""What grows from step to step of a sweep."""

from enum import StrEnum


class LoadKind(StrEnum):
    """See the members."""

    USERS = "users"
    """Users of all regions together, split as the experiment splits them."""
    RATE = "rate"
    """A factor on the rate of an open loop: conversations, or requests, per second."""
