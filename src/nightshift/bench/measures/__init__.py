"""From the records of a run to its figures, and what each of them is. Pure, but for `measure_repetition`."""

from nightshift.bench.measures.definitions import DEFINITIONS
from nightshift.bench.measures.figures import Figures, measure, measure_by_region
from nightshift.bench.measures.goodput import Goodput
from nightshift.bench.measures.of_run import measure_repetition
from nightshift.bench.measures.slo import DEFAULT_SLO, SLO_HELP, Slo, parse_slo
from nightshift.bench.measures.spread import Spread
from nightshift.bench.measures.window import Window

__all__ = [
    "DEFAULT_SLO",
    "DEFINITIONS",
    "SLO_HELP",
    "Figures",
    "Goodput",
    "Slo",
    "Spread",
    "Window",
    "measure",
    "measure_by_region",
    "measure_repetition",
    "parse_slo",
]
