"""What a row of the table of systems says."""

from dataclasses import dataclass

from nightshift.balancing.switches import Switches


@dataclass(frozen=True, slots=True)
class Preset:
    """A system with its names."""

    id: int | None
    """The number of those that the benchmark of April 2025 numbered (0 to 6), and of our own."""
    suffix: str
    """Ends the name of an experiment in file names, as in the original's benchmark."""
    legend: str
    """What figures call it."""
    switches: Switches | None
    """None where the system is not ours, but `external`."""
    note: str = ""
    """What a reader has to know beside its numbers."""
    sets: frozenset[str] = frozenset()
    """The sets that it is in (`sets.py`)."""
    external: str | None = None
    """The program that is the system, where it is not ours; its package on PyPI has the same name."""
    stands_in: Switches | None = None
    """What an external system does, as switches of ours: for virtual time, where no foreign program runs.
    Results of it are to be called emulated. The routers are cache-aware and push blindly, as their
    documentation says; where no prefix matches, they take the worker with the smallest tree, or the least
    loaded in later versions, and their stand-ins the least loaded."""

    @property
    def folder_name(self) -> str:
        """Name of the folder that holds its results."""
        return self.suffix if self.id is None else f"{self.id}-{self.suffix}"

    @property
    def names(self) -> str:
        """Number and suffix, for messages."""
        return self.suffix if self.id is None else f"{self.id} ({self.suffix})"

    @property
    def title(self) -> str:
        """Number and legend."""
        return self.legend if self.id is None else f"{self.id} {self.legend}"
