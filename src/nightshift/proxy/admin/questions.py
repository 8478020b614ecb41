"""What both sides of the admin API agree on, and what costs nothing to load."""

DEFAULT_PORT = 9480

MAX_DECISIONS = 1_000
"""How many decisions are asked for at most."""
