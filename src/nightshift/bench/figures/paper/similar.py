"""Figure 5: prefix similarity of users: a heat map of 100 of them, and the four means of the paper."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations_with_replacement
from random import Random

import numpy as np
from matplotlib.ticker import PercentFormatter

from nightshift.bench.figures import style
from nightshift.bench.figures.data import Floats, RunData, csv_rows
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.paper.used import asking_regions, workload_of
from nightshift.bench.workloads.similarity import (
    across_regions,
    across_users,
    openings,
    prefix_similarity,
    within_regions,
    within_users,
)

TITLE = "Figure 5: prefix similarity of users"
USERS = 100
PROGRAMS = 20
"""Of each simulated user, at the most."""
TEXTS = 4
"""Of each user in the heat map."""

Texts = dict[str, list[str]]


def draw(runs: Sequence[RunData]) -> Iterator[Result]:
    """Draw one figure a run."""
    for place, run in enumerate(runs):
        by_region = {region: texts for region in asking_regions(run) if (texts := texts_of(run, region))}
        if sum(map(len, by_region.values())) < 2:
            yield LeftOut(f"{TITLE}, {run.title}", "the data has fewer than two users")
            continue
        yield _draw(run, by_region, "figure-5" if len(runs) == 1 else f"figure-5-{place + 1}")


def texts_of(run: RunData, region: str) -> Texts:
    """Return what programs open with, by the data's user; rounds that repeat the data are left out."""
    arguments = run.run.get("workload_args") or {}
    users = int((run.run.get("regions") or {})[region]["users"])
    each = PROGRAMS
    if arguments.get("num_conv"):
        each = max(1, min(PROGRAMS, int(arguments["num_conv"]) // users))
    return openings(workload_of(run, region), region, each)


def heat_map(by_region: Mapping[str, Texts]) -> Floats:
    """Return the mean similarity of each pair of users, as many of each region."""
    each = max(1, USERS // len(by_region))
    chosen = [own[:TEXTS] for texts in by_region.values() for own in list(texts.values())[:each]]
    found = np.full((len(chosen), len(chosen)), np.nan)
    for a, b in combinations_with_replacement(range(len(chosen)), 2):
        values = [
            prefix_similarity(one, other)
            for i, one in enumerate(chosen[a])
            for j, other in enumerate(chosen[b])
            if a != b or i < j
        ]
        if values:
            found[a, b] = found[b, a] = sum(values) / len(values)
    return found


def means_of(by_region: Mapping[str, Texts]) -> dict[str, float]:
    """Return the four means; those across regions only where there are two."""
    every = {f"{region}/{user}": own for region, texts in by_region.items() for user, own in texts.items()}
    regions = list(by_region.values())
    found = {"within a user": within_users(every), "across users": across_users(every, Random(1))}
    found["within a region"] = within_regions(regions, Random(2))
    if len(regions) > 1:
        found["across regions"] = across_regions(regions, Random(3))
    return found


def _draw(run: RunData, by_region: Mapping[str, Texts], name: str) -> Drawing:
    matrix, means = heat_map(by_region), means_of(by_region)
    said = "; ".join(f"{where} {mean:.1%}" for where, mean in means.items())
    figure = style.new_figure(4.6, TITLE, run.subtitle)
    axes = figure.subplots()
    image = axes.imshow(matrix, vmin=0, vmax=1, cmap="viridis_r", interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    bar.set_label("common prefix / shorter text")
    axes.set_xlabel("user")
    axes.set_ylabel("user")
    axes.text(0, -0.17, "\n".join(_lines(means)), transform=axes.transAxes, va="top", fontsize=8)
    return Drawing(
        name=name,
        title=TITLE,
        caption=(
            f"Mean similarity of what {len(matrix)} users' programs open with, region after region; white on "
            f"the diagonal: one text. Means over all users and programs read: {said}."
        ),
        alt=f"Heat map of users. {said}.",
        figure=figure,
        header=("user", *(str(place + 1) for place in range(len(matrix)))),
        rows=csv_rows((place + 1, *(float(value) for value in row)) for place, row in enumerate(matrix)),
    )


def _lines(means: Mapping[str, float]) -> list[str]:
    parts = [f"{where} {mean:.1%}" for where, mean in means.items()]
    return ["   ".join(parts[:2]), "   ".join(parts[2:])]
