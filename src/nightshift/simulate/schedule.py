"""Virtual time: things to do, in the order of their times, and within one time in the order noted."""

import heapq
from collections.abc import Callable
from itertools import count

Todo = Callable[[], None]


class Schedule:
    """A clock that jumps from event to event. Times are in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events = 0
        self._heap: list[tuple[float, int, Todo]] = []
        self._order = count()

    def at(self, time_s: float, todo: Todo) -> None:
        """Have `todo` called at `time_s`, which must not lie in the past."""
        heapq.heappush(self._heap, (max(time_s, self.now), next(self._order), todo))

    def after(self, delay_s: float, todo: Todo) -> None:
        """Have `todo` called `delay_s` from now."""
        self.at(self.now + delay_s, todo)

    def run(self, until_s: float) -> None:
        """Do everything that is due up to `until_s`, and stand there."""
        heap = self._heap
        while heap and heap[0][0] <= until_s:
            self.now, _, todo = heapq.heappop(heap)
            self.events += 1
            todo()
        self.now = until_s
