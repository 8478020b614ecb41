"""The traffic that is measured: one cell is one kind of request at one number of connections.

A closed loop of N connections: each asks its next question when it has the answer to the last. Plain cells
run for a time, stream cells for one stream on each connection.
"""

from dataclasses import dataclass

CHUNKS = 100
"""Content chunks of a streamed answer."""
GAP_S = 0.02
"""Seconds between two of them: 50 tokens a second, as an engine under load gives."""
HOT_PROMPTS = 8
"""Distinct prompts of a hot cell."""
SMALL_BYTES = 1_000
LARGE_BYTES = 32_000
ANSWER_BYTES = 500
"""Size of a body that is not streamed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of traffic."""

    name: str
    prompt_bytes: int = SMALL_BYTES
    """Of the whole request body."""
    cold: bool = False
    """Every prompt differs from all others from its first bytes on; otherwise `HOT_PROMPTS` come in turn."""
    stream: bool = False
    connections: int = 1
    hops: int = 1
    """Proxies of the contestant in a row; 2 is a hand-over from one balancer to another."""
    in_default: bool = True

    @property
    def unit(self) -> str:
        """What CPU time is divided by."""
        return "chunk" if self.stream else "request"


def _cell(
    kind: str, connections: int, *, prompt: int = SMALL_BYTES, hops: int = 1, default: bool = True
) -> Cell:
    size = "32k" if prompt == LARGE_BYTES else "small"
    return Cell(
        name=f"{'hand-over' if hops > 1 else size}-{kind}-{connections}",
        prompt_bytes=prompt,
        cold=kind == "cold",
        stream=kind == "stream",
        connections=connections,
        hops=hops,
        in_default=default,
    )


CELLS: tuple[Cell, ...] = (
    _cell("hot", 1),
    _cell("hot", 50),
    _cell("hot", 200),
    _cell("cold", 1, default=False),
    _cell("cold", 50),
    _cell("cold", 200, default=False),
    _cell("hot", 1, prompt=LARGE_BYTES, default=False),
    _cell("hot", 50, prompt=LARGE_BYTES, default=False),
    _cell("hot", 200, prompt=LARGE_BYTES, default=False),
    _cell("cold", 1, prompt=LARGE_BYTES, default=False),
    _cell("cold", 50, prompt=LARGE_BYTES),
    _cell("cold", 200, prompt=LARGE_BYTES, default=False),
    _cell("stream", 1, default=False),
    _cell("stream", 50),
    _cell("stream", 200),
    _cell("hot", 50, hops=2),
    _cell("stream", 50, hops=2, default=False),
)


def find_cells(names: str | None, *, full: bool) -> tuple[Cell, ...]:
    """Return the cells of these names (commas between), or the default ones, or all.

    Raises `UserError` naming the known ones.
    """
    from nightshift.errors import UserError

    if names is None:
        return tuple(cell for cell in CELLS if full or cell.in_default)
    by_name = {cell.name: cell for cell in CELLS}
    wanted = [name for name in names.replace(",", " ").split() if name]
    unknown = [name for name in wanted if name not in by_name]
    if unknown or not wanted:
        what = f"unknown cell {unknown[0]!r}" if unknown else "no cell is named"
        raise UserError(f"--cells: {what}; known are {', '.join(by_name)}")
    return tuple(by_name[name] for name in dict.fromkeys(wanted))
