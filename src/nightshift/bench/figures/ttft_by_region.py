"""TTFT by the region of the client, one panel a region on a shared axis.

The mean over all regions hides what a user feels: a central balancer is near for one region and a WAN
round trip away for the others.
"""

from collections.abc import Iterator

import numpy as np

from nightshift.bench.figures import style
from nightshift.bench.figures.boxes import HEADER, Box, box_of, draw_boxes, limits
from nightshift.bench.figures.data import KEY, RunData, csv_rows, missing_note
from nightshift.bench.figures.drawing import Drawing, LeftOut, Result
from nightshift.bench.figures.latency import BOX_NOTE, spoken

TITLE = "TTFT by client region"


def draw(run: RunData) -> Iterator[Result]:
    """Draw nothing for a single region: the figure over all regions shows the same."""
    regions = run.regions
    if len(regions) < 2:
        yield LeftOut(TITLE, "all clients are in one region: the figure over all regions shows the same")
        return
    boxes = {region: _boxes(run, region) for region in regions}
    height = 0.6 + len(regions) * (style.rows_height(len(run.systems), 0.3) - 0.35)
    figure = style.new_figure(height, TITLE, run.subtitle)
    panels = figure.subplots(len(regions), 1, sharex=True, squeeze=False)[:, 0]
    shared = limits([box for row in boxes.values() for box in row])
    looks = [data.look for data in run.systems]
    for axes, region in zip(panels, regions, strict=True):
        draw_boxes(axes, boxes[region], looks, shared, "TTFT (s)" if region == regions[-1] else "")
        style.list_systems(axes, [data.label for data in run.systems])
        axes.set_title(f"clients in {style.printable(region)}", loc="left")
    missing = missing_note(run, lambda data: data.without_ttft)
    yield Drawing(
        name="ttft-by-region",
        title=TITLE,
        measures=("ttft_s",),
        caption=f"One panel a client region, same time axis. {BOX_NOTE}{missing}",
        alt=_alt(run, boxes),
        figure=figure,
        header=("region", *KEY, *HEADER),
        rows=csv_rows(
            (region, *data.key, *box.cells())
            for region in regions
            for data, box in zip(run.systems, boxes[region], strict=True)
        ),
    )


def _boxes(run: RunData, region: str) -> list[Box]:
    return [box_of(data.ttft_s.get(region, np.empty(0))) for data in run.systems]


def _alt(run: RunData, boxes: dict[str, list[Box]]) -> str:
    parts = []
    for region, row in boxes.items():
        said = "; ".join(f"{data.name} {spoken(box)}" for data, box in zip(run.systems, row, strict=True))
        parts.append(f"{region}: {said}.")
    return "Box plots of TTFT, median and 90th percentile by client region. " + " ".join(parts)
