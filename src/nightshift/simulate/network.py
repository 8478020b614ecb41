"""The delay between regions, one way, on connections that are open already."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nightshift.simulate.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Network:
    """Messages between regions. `one_way_s` has each ordered pair; within a region there is no delay."""

    schedule: Schedule
    one_way_s: Mapping[tuple[str, str], float]

    def delay_s(self, source: str, destination: str) -> float:
        """Seconds from one region to another."""
        return 0.0 if source == destination else self.one_way_s[source, destination]

    def send(self, source: str, destination: str, arrive: Callable[[], None]) -> None:
        """Have `arrive` called when a message sent now has got there."""
        self.schedule.after(self.delay_s(source, destination), arrive)
