"""What is run for each of the paper's figures: replicas, clients and workloads as in its setup.

All replicas are one emulated L4 with Llama 3.1 8B, as theirs were real ones; the three regions are those of
the original's benchmark. Where the paper says nothing (the workload of Figure 10), the choice is ours and
said in the part's note. All of it runs in virtual time; the part `live` runs one of the comparisons with real
processes, the real sglang-router among them, beside the same in virtual time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nightshift.bench.compare.experiment import RegionLoad, Time

US, EUROPE, ASIA = "us-east-2", "eu-central-1", "ap-northeast-1"

FIGURE_8 = (
    "gke_gateway,sky_round_robin,sky_least_load,sky_consistent_hashing,sgl,sky_walker_ch,sky_walker_prefix,"
    "nightshift"
)
"""The paper's seven, and Nightshift's own default."""
FIGURE_10 = "sky_walker_prefix,region_local,nightshift"
PAPERS_TREES: Mapping[str, object] = {"num_branches": 2, "tree": "paper", "hash_key": "question"}
"""As the paper's text has them: 15 calls a tree, and the question as the hash key."""
NOT_FULL = "With the paper's numbers the emulated replicas are not full; the paper says that theirs were."
REPLICAS = (3, 6, 9, 12, 15, 18)
"""Of Figure 10, spread evenly over the three regions."""


@dataclass(frozen=True, slots=True)
class Part:
    """One experiment of the evaluation. Times in seconds of the emulated world."""

    name: str
    figure: str
    systems: str
    regions: tuple[RegionLoad, ...]
    workload: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    region_arguments: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    duration_s: float = 240.0
    warmup_s: float = 30.0
    time: Time = Time.VIRTUAL
    note: str = ""


def _loads(replicas: int, us: int, europe: int, asia: int) -> tuple[RegionLoad, ...]:
    """`replicas` in each region, and the users of each. The first region has the central balancers."""
    return (
        RegionLoad(US, replicas, us),
        RegionLoad(EUROPE, replicas, europe),
        RegionLoad(ASIA, replicas, asia),
    )


def _figure_10(replicas: int) -> Part:
    return Part(
        f"fig10-{replicas:02}",
        "10",
        FIGURE_10,
        _loads(replicas // 3, 120, 40, 40),
        "wildchat",
        note="The paper does not say on which workload; this is WildChat, the one of its daily cycles.",
    )


_LIVE = (RegionLoad(US, 2, 40), RegionLoad(ASIA, 2, 20))
_LIVE_SYSTEMS = "sgl,sky_round_robin,sky_walker_prefix,nightshift"

PARTS: tuple[Part, ...] = (
    Part("fig8-arena", "8", FIGURE_8, _loads(4, 80, 80, 80), "arena_syn", {"num_conv": 2000}),
    Part("fig8-wildchat", "8", FIGURE_8, _loads(4, 40, 30, 30), "wildchat"),
    Part("fig8-tot", "8", FIGURE_8, _loads(4, 40, 20, 20), "tot", PAPERS_TREES),
    Part("fig8-mixed", "8", FIGURE_8, _loads(4, 2, 20, 20), "mixed_tree", {"tree": "paper"}),
    Part(
        "busy-arena",
        "8",
        FIGURE_8,
        _loads(4, 160, 160, 160),
        "arena_syn",
        {"num_conv": 2000},
        note=f"Twice the paper's clients. {NOT_FULL}",
    ),
    Part(
        "busy-wildchat",
        "8",
        FIGURE_8,
        _loads(4, 80, 60, 60),
        "wildchat",
        note=f"Twice the paper's clients. {NOT_FULL}",
    ),
    Part(
        "code-tot",
        "8",
        FIGURE_8,
        _loads(4, 40, 20, 20),
        "tot",
        note="As the published code has it: 30 calls a tree, and one hash key for all users of a region.",
    ),
    Part(
        "fig9",
        "9",
        "sgl,bp,sp_o,sp_p,nightshift",
        (RegionLoad(US, 4, 30),),
        "tot",
        PAPERS_TREES,
        note="One region, four replicas, thirty clients, as in the paper.",
    ),
    Part(
        "busy-fig9",
        "9",
        "sgl,bp,sp_o,sp_p,nightshift",
        (RegionLoad(US, 4, 120),),
        "tot",
        PAPERS_TREES,
        note=f"Four times the paper's clients. {NOT_FULL}",
    ),
    *(_figure_10(replicas) for replicas in REPLICAS),
    Part(
        "live",
        "live",
        _LIVE_SYSTEMS,
        _LIVE,
        "arena_syn",
        {"num_conv": 2000, "data_set": "sharegpt"},
        time=Time.LIVE,
        note="Real processes, the real sglang-router; the emulated world runs six times faster than real.",
    ),
    Part(
        "live-in-virtual-time",
        "live",
        _LIVE_SYSTEMS,
        _LIVE,
        "arena_syn",
        {"num_conv": 2000, "data_set": "sharegpt"},
        note="The part `live` in virtual time.",
    ),
)


def parts_named(text: str | None) -> tuple[Part, ...]:
    """Return the parts whose name is, or begins with, one of those in `text` (commas between); None: all.

    Raises `UserError` for a name that none has.
    """
    from nightshift.errors import UserError

    if text is None:
        return PARTS
    chosen: list[Part] = []
    for wanted in filter(None, text.replace(" ", ",").split(",")):
        found = [part for part in PARTS if part.name == wanted] or [
            part for part in PARTS if part.name.startswith(wanted)
        ]
        if not found:
            raise UserError(f"no part {wanted!r}; there are {', '.join(part.name for part in PARTS)}")
        chosen += [part for part in found if part not in chosen]
    return tuple(chosen)
