"""What the soak looks at besides requests: memory, open files, and the log of each balancer."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.soak.processes import Process

GROWTH_BYTES = 8 * 2**20
"""By how much a balancer may grow over the second half of the run: less than this is the allocator's."""
_ENOUGH = 20
_LEVEL = re.compile(r" (WARNING|ERROR|CRITICAL) ")
_EXPECTED = re.compile(
    r"WARNING \S+: ("
    r"(\S+: )?request \S+ was (lost|not delivered|refused|declined|cut off)"
    r"|limits\.connections is \d+, which needs "  # more open files than this machine lets a process have
    r"|\S+ (/metrics|/v1/models|/nightshift/\S+): "
    r"|\S+ (is|was) (ejected|unreachable|down)"
    r")"
)
"""Engines that die and links that are cut are worth a warning each; these are the words for them."""


@dataclass
class Watched:
    """Samples of one balancer, one a second."""

    process: Process
    rss_bytes: list[int] = field(default_factory=list)
    fds: list[int] = field(default_factory=list)

    def sample(self) -> None:
        """Look once."""
        self.rss_bytes.append(self.process.rss_bytes)
        self.fds.append(self.process.fds)

    def problems(self) -> list[str]:
        """Judge its memory and its log."""
        half = self.rss_bytes[len(self.rss_bytes) // 2 :]
        growth = slope(half) * len(half)
        found = []
        if growth > GROWTH_BYTES:
            found.append(f"grew by {growth / 2**20:.1f} MiB over the second half of the run")
        return found + unexpected(self.process.log_lines())


def slope(values: Sequence[float]) -> float:
    """Return the slope of the line through the values (least squares), per sample."""
    count = len(values)
    if count < _ENOUGH:
        return 0.0
    middle, mean = (count - 1) / 2, sum(values) / count
    above = sum((n - middle) * (value - mean) for n, value in enumerate(values))
    return above / sum((n - middle) ** 2 for n in range(count))


def unexpected(lines: Sequence[str]) -> list[str]:
    """Return what a log says that nothing in the run explains, each kind once with its count."""
    kinds: Counter[str] = Counter()
    for line in lines:
        if line.startswith("Traceback"):
            kinds["a traceback"] += 1
        elif _LEVEL.search(line) and not _EXPECTED.search(line):
            kinds[re.sub(r"\d+", "N", line.partition(" ")[2].partition(" ")[2])[:160]] += 1
    return [f"logged {count} times: {kind}" for kind, count in kinds.most_common()]
