"""The paper's claims that have a number, from its section 5 (the text; its bars have no numbers)."""

from collections.abc import Sequence
from itertools import pairwise

from nightshift.bench.paper.claims import Claim, Summaries, Values, figure_of, ratios, values_of

CHAT = ("fig8-arena", "fig8-wildchat")
TREES = ("fig8-tot", "fig8-mixed")
WALKERS = ("sky_walker_prefix", "sky_walker_ch")
CENTRAL = ("sky_round_robin", "sky_least_load", "sky_consistent_hashing", "sgl")
BASELINES = (*CENTRAL, "gke_gateway")
OURS_LIVE = ("sky_round_robin", "sky_walker_prefix", "nightshift")
THROUGHPUT, HIT_RATE = "weighted_token_per_s", "prefix_hit_rate"


def _curve(summaries: Summaries, suffix: str) -> list[tuple[int, float]]:
    """Replicas and throughput of a system in Figure 10."""
    found = []
    for part in sorted(name for name in summaries if name.startswith("fig10-")):
        value = figure_of(summaries, part, suffix, THROUGHPUT)
        if value is not None:
            found.append((int(part.removeprefix("fig10-")), value))
    return found


def saving(summaries: Summaries) -> list[float]:
    """The share of 12 region-local replicas, in per cent, that SkyWalker needs less for their throughput.

    Interpolated between the numbers of replicas that were run; nothing if none of them reaches it.
    """
    wanted = dict(_curve(summaries, "region_local")).get(12)
    curve = _curve(summaries, "sky_walker_prefix")
    if wanted is None:
        return []
    for (fewer, low), (more, high) in pairwise(curve):
        if low <= wanted <= high and high > low:
            needed = fewer + (more - fewer) * (wanted - low) / (high - low)
            return [100 * (1 - needed / 12)]
    return []


def virtual_over_live(systems: Sequence[str], path: str) -> Values:
    """A figure in virtual time over the same figure of real processes."""

    def values(summaries: Summaries) -> list[float]:
        found = []
        for suffix in systems:
            virtual = figure_of(summaries, "live-in-virtual-time", suffix, path)
            live = figure_of(summaries, "live", suffix, path)
            if virtual is not None and live:
                found.append(virtual / live)
        return found

    return values


def _equal_replicas(summaries: Summaries) -> list[float]:
    """SkyWalker over region-local at each number of replicas."""
    tens = sorted(part for part in summaries if part.startswith("fig10-"))
    return ratios(tens, ("sky_walker_prefix",), ("region_local",), THROUGHPUT)(summaries)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "8",
        "chat: throughput, SkyWalkers over single balancers",
        1.12,
        1.2,
        "x",
        ratios(CHAT, WALKERS, CENTRAL, THROUGHPUT),
    ),
    Claim(
        "8",
        "chat: throughput, SkyWalkers over GKE Gateway",
        1.43,
        1.62,
        "x",
        ratios(CHAT, WALKERS, ("gke_gateway",), THROUGHPUT),
    ),
    Claim(
        "8",
        "all: throughput, SkyWalkers over all baselines",
        1.12,
        2.06,
        "x",
        ratios((*CHAT, *TREES), WALKERS, BASELINES, THROUGHPUT),
    ),
    Claim(
        "8",
        "all: TTFT P50, SkyWalkers over baselines",
        0.159,
        0.576,
        "x",
        ratios((*CHAT, *TREES), WALKERS, BASELINES, "ttft_s.p50"),
    ),
    Claim(
        "8",
        "all: TTFT P90, SkyWalkers over baselines",
        0.101,
        0.234,
        "x",
        ratios((*CHAT, *TREES), WALKERS, BASELINES, "ttft_s.p90"),
    ),
    Claim(
        "8",
        "all: E2E P50, baselines over SkyWalkers",
        1.05,
        2.14,
        "x",
        ratios((*CHAT, *TREES), BASELINES, WALKERS, "e2e_s.p50"),
    ),
    Claim("8", "chat: hit rate, RR", 10.78, 16.57, "%", values_of(CHAT, ("sky_round_robin",), HIT_RATE, 100)),
    Claim("8", "chat: hit rate, LL", 28.29, 31.13, "%", values_of(CHAT, ("sky_least_load",), HIT_RATE, 100)),
    Claim(
        "8",
        "chat: hit rate, GKE Gateway",
        18.08,
        24.30,
        "%",
        values_of(CHAT, ("gke_gateway",), HIT_RATE, 100),
    ),
    Claim("8", "chat: hit rate, SkyWalkers", 36.96, 46.55, "%", values_of(CHAT, WALKERS, HIT_RATE, 100)),
    Claim(
        "8",
        "trees: hit rate, LL and RR",
        58.66,
        59.32,
        "%",
        values_of(TREES, ("sky_least_load", "sky_round_robin"), HIT_RATE, 100),
    ),
    Claim("8", "trees: hit rate, SkyWalkers", 89.56, 90.01, "%", values_of(TREES, WALKERS, HIT_RATE, 100)),
    Claim(
        "8",
        "uniform trees: throughput, CH over SkyWalker/Prefix",
        1.02,
        1.02,
        "x",
        ratios(("fig8-tot",), ("sky_consistent_hashing",), ("sky_walker_prefix",), THROUGHPUT),
    ),
    Claim(
        "8",
        "uniform trees: throughput, CH over LL",
        1.4,
        1.4,
        "x",
        ratios(("fig8-tot",), ("sky_consistent_hashing",), ("sky_least_load",), THROUGHPUT),
    ),
    Claim(
        "8",
        "throughput, SkyWalker/Prefix over SkyWalker/CH",
        1.0134,
        1.0821,
        "x",
        ratios((*CHAT, *TREES), ("sky_walker_prefix",), ("sky_walker_ch",), THROUGHPUT),
    ),
    Claim("8", "chat: imbalance, SGL", 2.33, 5.08, "x", values_of(CHAT, ("sgl",), "imbalance_of_means")),
    Claim(
        "8",
        "chat: imbalance, CH",
        2.54,
        4.92,
        "x",
        values_of(CHAT, ("sky_consistent_hashing",), "imbalance_of_means"),
    ),
    Claim(
        "8",
        "mixed trees: imbalance, CH",
        3.36,
        3.36,
        "x",
        values_of(("fig8-mixed",), ("sky_consistent_hashing",), "imbalance_of_means"),
    ),
    Claim(
        "8",
        "mixed trees: imbalance, SGL",
        2.22,
        2.22,
        "x",
        values_of(("fig8-mixed",), ("sgl",), "imbalance_of_means"),
    ),
    Claim(
        "9",
        "throughput, SP-P over BP",
        1.27,
        1.27,
        "x",
        ratios(("fig9",), ("sp_p",), ("bp", "sgl"), THROUGHPUT),
    ),
    Claim(
        "9",
        "TTFT P90, BP over SP-P",
        18.47,
        18.47,
        "x",
        ratios(("fig9",), ("bp", "sgl"), ("sp_p",), "ttft_s.p90"),
    ),
    Claim("9", "hit rate, BP", 68.89, 68.89, "%", values_of(("fig9",), ("bp", "sgl"), HIT_RATE, 100)),
    Claim("9", "hit rate, SP-P", 89.86, 89.86, "%", values_of(("fig9",), ("sp_p",), HIT_RATE, 100)),
    Claim(
        "9", "throughput, SP-P over SP-O", 1.4, 1.4, "x", ratios(("fig9",), ("sp_p",), ("sp_o",), THROUGHPUT)
    ),
    Claim(
        "10", "throughput at equal replicas, SkyWalker over region-local", 1.07, 1.18, "x", _equal_replicas
    ),
    Claim("10", "replicas saved at the throughput of 12 region-local ones", 25, 25, "%", saving),
    Claim(
        "ours",
        "virtual time over live: throughput, our balancers",
        0.9,
        1.1,
        "x",
        virtual_over_live(OURS_LIVE, THROUGHPUT),
    ),
    Claim(
        "ours",
        "virtual time over live: TTFT P50, our balancers",
        0.9,
        1.1,
        "x",
        virtual_over_live(OURS_LIVE, "ttft_s.p50"),
    ),
    Claim(
        "ours",
        "virtual time over live: throughput, emulated over real sglang-router",
        0.9,
        1.1,
        "x",
        virtual_over_live(("sgl",), THROUGHPUT),
    ),
    Claim(
        "ours",
        "virtual time over live: TTFT P50, emulated over real sglang-router",
        0.9,
        1.1,
        "x",
        virtual_over_live(("sgl",), "ttft_s.p50"),
    ),
)
