"""What a run of the benchmark is to do, and who is told how far it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nightshift.bench.proxy.cells import Cell
from nightshift.bench.proxy.contestants import Contestant


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how often."""

    parts: tuple[str, ...]
    """Names from `parts.PARTS`."""
    cells: tuple[Cell, ...]
    contestants: tuple[Contestant, ...]
    repetitions: int
    seconds: float
    """How long a plain cell asks."""
    seed: int
    prompts: int
    """Distinct prompts of the memory part."""
    streams: int
    """Streams open at once in the part of that name."""
    venv: Path
    output: Path


class Display(Protocol):
    """Is told how far the run is."""

    def note(self, text: str) -> None:
        """Something begins."""

    def measured(self, done: int, total: int) -> None:
        """One more measurement is there, of those of one part."""
