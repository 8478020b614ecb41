"""A room of its own, because traces inherit from it, and `outcome` is compiled (setup.py)."""


class Span:
    """What a trace keeps of a request until it is over; see `traces.RequestSpan`."""

    __slots__ = ()
