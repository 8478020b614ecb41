"""Measures what decision 13 says: `python docs/decisions/0013_intervals.py`, less than a minute.

How often a 95 % interval over n repetitions has the true mean, and how wide it is in the mean, for four
kinds of interval and two kinds of figures: normal ones, and log-normal ones with a sigma of 0.5, which are
skewed as latencies are.
"""

import math
from itertools import product
from random import Random

import numpy as np

from nightshift.bench.statistics.intervals import t_975

TRIALS = 2_000
COUNTS = (2, 3, 4, 5, 10)
FIGURES = {
    "normal": (lambda rng, n: [rng.gauss(10, 1) for _ in range(n)], 10.0),
    "log-normal": (lambda rng, n: [rng.lognormvariate(0, 0.5) for _ in range(n)], math.exp(0.125)),
}


def draws(n: int, rng: Random) -> np.ndarray:
    """All n**n draws with replacement where they are few, else 1,000 at random."""
    if n <= 5:
        return np.array(list(product(range(n), repeat=n)))
    return np.array([[rng.randrange(n) for _ in range(n)] for _ in range(1000)])


def intervals(values: np.ndarray, index: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return each kind's interval; `index` are the draws."""
    n = values.size
    mean, error = values.mean(), values.std(ddof=1) / math.sqrt(n)
    resampled = values[index]
    means, errors = resampled.mean(axis=1), resampled.std(axis=1, ddof=1) / math.sqrt(n)
    tail = 0.5 * math.erfc(math.sqrt(n / (n - 1)) * t_975(n - 1) / math.sqrt(2))
    some = errors > 1e-12
    low, high = np.quantile((means[some] - mean) / errors[some], [0.025, 0.975])
    return {
        "percentile": tuple(np.quantile(means, [0.025, 0.975])),
        "expanded percentile": tuple(np.quantile(means, [tail, 1 - tail])),
        "bootstrap-t": (mean - high * error, mean - low * error),
        "chosen": (mean - t_975(n - 1) * error, mean + t_975(n - 1) * error),
    }


def main() -> None:
    """Print both tables."""
    rng = Random(1)
    for name, (draw, truth) in FIGURES.items():
        print(f"| {name}, n | percentile | expanded percentile | bootstrap-t | chosen |")
        print("| ---: | ---: | ---: | ---: | ---: |")
        for n in COUNTS:
            index = draws(n, rng)
            found = [intervals(np.array(draw(rng, n)), index) for _ in range(TRIALS)]
            cells = []
            for kind in found[0]:
                hits = np.mean([one[kind][0] <= truth <= one[kind][1] for one in found])
                width = np.mean([one[kind][1] - one[kind][0] for one in found])
                cells.append(f"{100 * hits:.0f} % ({width:.1f})")
            print(f"| {n} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
