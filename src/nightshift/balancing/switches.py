"""The few switches that make one system out of another.

Every system of the benchmark, and every service, is a value of `Switches`; no system has code of its
own. What the original system did and where each number comes from is said beside the field. The named
values are in `presets/`.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Topology(StrEnum):
    """Where balancers are."""

    GLOBAL = "global"
    """One balancer, in the first region, with all replicas of all regions."""
    REGIONAL = "regional"
    """One balancer in each region, with that region's replicas."""


class Across(StrEnum):
    """How requests cross from one region's balancer to another's."""

    NONE = "none"
    STEAL_AVERAGE = "steal-average"
    """An idle balancer asks the others for what brings all to the same load per replica."""
    STEAL_SMALL = "steal-small"
    """An idle balancer asks the nearest for three requests per available replica."""
    PUSH = "push"
    """Each user request first goes through the peer policy over all balancers, this one included."""
    SELECTIVE_PUSH = "selective-push"
    """Local first; to a peer only when no local replica is available and the peer has room."""


class ToReplicas(StrEnum):
    """When a replica is available."""

    BLIND = "blind"
    """Always."""
    BY_PENDING = "by-pending"
    """While its engine reports no pending request."""
    BY_OUTSTANDING = "by-outstanding"
    """While this balancer has fewer than `max_outstanding` requests there."""


@dataclass(frozen=True, slots=True)
class PeerRule:
    """When a peer has room. It always needs an available replica.

    The original's final version asked for a queue of at most 10 and no longer than one's own; its April
    version for an empty queue (`PeerRule(max_queue=0, not_longer_than_own=False)`).
    """

    max_queue: int = 10
    """The longest queue with which a peer still gets more."""
    not_longer_than_own: bool = True
    """Whether a peer whose queue is longer than this balancer's own gets nothing."""


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Blind push goes to the least loaded target, whatever it holds, when loads differ by this much.

    Both must hold: max - min > `absolute` and max > `relative` x min (the original's defaults, and those
    of the SGLang router of its time).
    """

    absolute: int = 32
    """Requests that the most loaded target has more than the least loaded."""
    relative: float = 1.0001
    """How many times as many the most loaded target has."""


@dataclass(frozen=True, slots=True)
class Ejection:
    """When a replica that answers its probes and fails its requests is left out, and for how long.

    The numbers are the defaults of Envoy's outlier detection (consecutive_5xx, base_ejection_time,
    max_ejection_time), but for the share: Envoy's 10 % of a cluster of hundreds is nobody in a region of
    four.
    """

    failures: int = 5
    """Requests that fail one after another before the replica is ejected."""
    base_s: float = 30.0
    """Seconds of the first ejection; each further one in a row takes twice as long."""
    longest_s: float = 300.0
    """Seconds of the longest ejection."""
    jitter: float = 0.1
    """Up to this share of the time is added at random, lest what failed together comes back together."""
    most_share: float = 0.5
    """At most this share of the replicas is ejected at a time; a lone replica never is."""


@dataclass(frozen=True, slots=True)
class BoundedLoad:
    """For the policy `bounded_hashing`. The numbers are KubeAI's defaults (PrefixHash: meanLoadFactor 125,
    replication 256)."""

    load_factor: float = 1.25
    """Nobody gets a request with which it would have more than this times the mean, while others would
    not."""
    points: int = 256
    """Points of each target on the ring."""


@dataclass(frozen=True, slots=True)
class Cost:
    """For the policy `least_cost`. The numbers are the defaults of GORGO's code (v1), measured by its authors
    on eight A100 with Mistral 7B."""

    prefill_s_per_token: float = 0.000094
    """Seconds that an engine takes for a token of a prompt that is not in its cache."""
    running_weight: float = 0.5
    """What a token of a request that is there already costs, as a share of a token that waits there."""
    rtt_smoothing: float = 0.3
    """Weight of the last round trip against those before."""


@dataclass(frozen=True, slots=True)
class Weights:
    """For the policy `weighted_scores`. The numbers are those of llm-d's default profile."""

    prefix: float = 3.0
    """Of the share of the prompt that the target is believed to hold."""
    queue: float = 2.0
    """Of the place between the longest (0) and the shortest (1) queue."""
    kv: float = 2.0
    """Of the share of the KV cache that is free."""


@dataclass(frozen=True, slots=True)
class Switches:
    """One system. The defaults are Nightshift's own service: regional, selective push, by pending."""

    topology: Topology = Topology.REGIONAL
    """Where balancers are: one for all regions, or one in each."""
    across: Across = Across.SELECTIVE_PUSH
    """How requests cross from one region's balancer to another's."""
    to_replicas: ToReplicas = ToReplicas.BY_PENDING
    """When a replica is available: always, while nothing waits in it, or below `max_outstanding`."""
    replica_policy: str = "prefix_tree"
    """How a balancer chooses among the replicas that are available to it."""
    peer_policy: str = "prefix_tree"
    """How it chooses among balancers that have room."""
    match_threshold: float = 0.5
    """A prefix match counts when it covers more than this share of the prompt (the original's 0.5)."""
    least_load_in_prefix: bool = True
    """Where no match counts, the least loaded takes the request. False: any match counts, however short
    (the original's `DISABLE_LEAST_LOAD_IN_PREFIX`); where there is none, all match alike."""
    max_outstanding: int = 50
    """For BY_OUTSTANDING: requests on one replica from this balancer (the original's SP-O: 50)."""
    hold_s: float = 0.0
    """For the policy `prefix_tree`: seconds, counted from its arrival, that a request waits for a replica
    which has no room and holds more of its prompt than those that have room. 0: not at all, as the original.
    Branches of one prompt come in bursts; what is pending at their holder is mostly admitted within a step or
    two."""
    overcommit: bool = False
    """When nobody has room: send to a local replica all the same, instead of waiting in the queue."""
    sends_per_probe: int = 4
    """For BY_PENDING: requests that may follow one another to a replica before its next report. A
    report is always a little old; without this, one idle moment draws the whole queue to one replica.
    The original had no such rule, but its queue loop placed at most one request in 10 ms, thus 10
    between two reports."""
    batch_growth: float = 1.0
    """For BY_PENDING: a replica with r requests running and KV use u (0 to 1) takes up to r x (1 - u) x this
    between two reports, if that is more than `sends_per_probe`. So an idle replica's batch can double with
    every report while its memory is free, as TCP's slow start doubles a window; a full one's cannot."""
    unknown_outstanding: int = 4
    """For BY_PENDING: requests on a replica whose engine does not say how many wait there, or has not said so
    lately. As many as one report lets through (`sends_per_probe`), and as many as the engine with the
    smallest batch runs at once (llama.cpp's server: 4 slots): too few make a queue here, which is seen and
    can be placed elsewhere; too many make one in the engine, where it can be neither."""
    stale_s: float = 1.0
    """A replica's report that is older counts as none. Ten probe intervals: one lost probe, or one from
    across an ocean, does not matter; half of `limits.probe_s`, after which the replica is down."""
    ejection: Ejection = field(default_factory=Ejection)
    """When a replica whose requests fail is left out."""
    peer_rule: PeerRule = field(default_factory=PeerRule)
    """When a peer has room."""
    imbalance: Imbalance = field(default_factory=Imbalance)
    """For BLIND and PUSH: when the least loaded target goes before the policy's choice."""
    bounded_load: BoundedLoad = field(default_factory=BoundedLoad)
    """Of the policy `bounded_hashing`."""
    cost: Cost = field(default_factory=Cost)
    """Of the policy `least_cost`."""
    weights: Weights = field(default_factory=Weights)
    """Of the policy `weighted_scores`."""
    probe_interval_s: float = 0.1
    """Seconds between two reports of a replica, and of a peer (the original's 100 ms)."""
    max_queue: int = 10_000
    """Requests that may wait in one balancer; one more is answered with 429."""
    max_queue_s: float = 120.0
    """Seconds that a request may wait in one balancer; then it is answered with 429, or with 503 when no
    replica can be reached (the original's balancers gave a backend 120 s)."""
    index_bytes: int = 256 * 2**20
    """Memory for each of the two prefix indexes (replicas, peers)."""
    stored_responses: int = 65_536
    """Stored responses (`/v1/responses`) of which a balancer remembers who holds them; the least recently
    used are forgotten first. Some 260 bytes each."""
    stored_response_s: float = 2_592_000.0
    """Seconds after which a stored response that nobody asks for is forgotten: the 30 days for which OpenAI
    keeps one. Engines keep theirs until they end."""
